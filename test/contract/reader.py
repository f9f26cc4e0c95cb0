#!/usr/bin/env python3
"""Reads a Holdfast repository that lies in a folder: a second reader, written from FORMAT.md alone.

It shares no line with Holdfast and needs none of it: Python 3.10 or newer, `pip install cryptography zstandard`.
It changes nothing in the store. Whatever is damaged ends it with exit code 1 and one line, never with wrong bytes.
"""
import argparse, base64, hashlib, hmac, json, os, re, shutil, struct, sys
from contextlib import contextmanager, suppress
from decimal import Decimal
from pathlib import Path
from urllib.parse import quote

import zstandard
from cryptography.exceptions import InvalidSignature, InvalidTag
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM, ChaCha20Poly1305
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

CHUNK_MAX, OBJECT_MAX, UNPACKED_MAX = 4 << 20, 64 << 20, 512 << 20
ENTRY = struct.Struct(">32sBIII")  # id, method, plain length, offset, sealed length
RAW = (Encoding.Raw, PublicFormat.Raw)

class Damaged(Exception):
    """What is read is not what was written, or not of this format."""
DAMAGE = (Damaged, InvalidTag, InvalidSignature, zstandard.ZstdError, struct.error)
DAMAGE += (ValueError, LookupError, TypeError, AttributeError)  # of content that is no JSON, or of another shape

@contextmanager
def reading(what):
    """Whatever does not fit is said of what was being read."""
    try:
        yield
    except DAMAGE as error:
        said = error if isinstance(error, Damaged) else f"was changed, or is not of this format ({error!r})"
        raise Damaged(f"{what}: {said}") from error

def require(fits, otherwise):
    if not fits:
        raise Damaged(otherwise)

def mac(key, data):
    return hmac.digest(key, data, "sha256")
def hkdf(secret, salt, info):
    return mac(mac(salt or bytes(32), secret), info + b"\x01")  # RFC 5869: 32 bytes are one round of each half

def unpack(frame, most):  # one zstd frame; never to more than that, whatever it says of itself
    plain = zstandard.ZstdDecompressor().stream_reader(frame).read(most + 1)
    require(len(plain) <= most, "unpacks to more than it may")
    return plain

def canonical(value):
    """Canonical JSON (RFC 8785)."""
    if isinstance(value, dict):
        names = sorted(value, key=lambda name: name.encode("utf-16-be", "surrogatepass"))
        return "{" + ",".join(f"{canonical(name)}:{canonical(value[name])}" for name in names) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(canonical, value)) + "]"
    if value is None or isinstance(value, (str, bool)):
        return json.dumps(value, ensure_ascii=False)
    sign, digits, exponent = Decimal(repr(float(value))).normalize().as_tuple()
    text, point = "".join(map(str, digits)), len(digits) + exponent
    if -6 < point <= 0 and text != "0":
        text, point = f"{'0' * (1 - point)}{text}", 1
    if point > 21 or point < 1:
        return f"{'-' * sign}{text[0]}{text[1:] and '.'}{text[1:]}e{point - 1:+d}"
    whole = text[:point].ljust(point, "0")
    return f"{'-' * (sign and value != 0)}{whole}{text[point:] and '.'}{text[point:]}"

def decode_identity(text):
    """Bech32 (BIP 173) of an X25519 secret key; nothing of it is ever printed."""
    head, _, tail = text.lower().rpartition("1")
    require(text.isupper() and head == "age-secret-key-", "not an AGE-SECRET-KEY-1…")
    words = ["qpzry9x8gf2tvdw0s3jn54khce6mua7l".find(letter) for letter in tail]
    check, number = 0, sum(word << 5 * at for at, word in enumerate(reversed(words[:-6])))
    for word in [1, *(ord(c) >> 5 for c in head), 0, *(ord(c) & 31 for c in head), *words]:
        top, check = check >> 25, (check & 0x1FFFFFF) << 5 ^ word
        for bit, part in enumerate((0x3B6A57B2, 0x26508E6D, 0x1EA119FA, 0x3D4233DD, 0x2A1462B3)):
            check ^= part if top >> bit & 1 else 0
    require(check == 1 and len(words) == 58 and min(words) >= 0 and not number & 15, "mistyped: its checksum is wrong")
    return X25519PrivateKey.from_private_bytes((number >> 4).to_bytes(32, "big"))

def read_identities(file):
    with reading(f"identity {file}"):
        lines = [line.strip() for line in Path(file).read_text("utf-8").splitlines()]
        return [decode_identity(line) for line in lines if line and not line.startswith("#")]

def unbase64(text):
    return base64.b64decode(text + b"=" * (-len(text) % 4), validate=True)

def open_age(file, identity):
    """An age file (https://age-encryption.org/v1) for one X25519 recipient."""
    end = file.index(b"\n---") + 4
    mac_line, payload = file[end + 1 :].split(b"\n", 1)
    version, *lines = file[: end - 4].split(b"\n")
    require(version == b"age-encryption.org/v1", "not an age file")
    file_key = find_file_key(lines, identity)
    require(mac(hkdf(file_key, b"", b"header"), file[:end]) == unbase64(mac_line), "its header was changed")
    key, sealed, size = ChaCha20Poly1305(hkdf(file_key, payload[:16], b"payload")), payload[16:], (64 << 10) + 16
    parts = [sealed[at : at + size] for at in range(0, max(1, len(sealed)), size)]
    nonces = [number.to_bytes(11, "big") + bytes([number == len(parts) - 1]) for number in range(len(parts))]
    return b"".join(key.decrypt(nonce, part, None) for nonce, part in zip(nonces, parts))

def find_file_key(lines, identity):
    while lines:
        kind, *arguments = lines.pop(0).removeprefix(b"-> ").split(b" ")
        body = [lines.pop(0)]
        while len(body[-1]) == 64:  # the last line of a body is shorter, and may be empty
            body.append(lines.pop(0))
        if kind == b"X25519":
            share = unbase64(arguments[0])
            secret = identity.exchange(X25519PublicKey.from_public_bytes(share))
            key = hkdf(secret, share + identity.public_key().public_bytes(*RAW), b"age-encryption.org/v1/X25519")
            with suppress(InvalidTag):
                return ChaCha20Poly1305(key).decrypt(bytes(12), unbase64(b"".join(body)), None)
    raise Damaged("is for somebody else")

class Keys:
    """Of one ring: the keys of all its epochs, side by side."""
    def __init__(self, ring):
        self.ring = [ring[at : at + 32] for at in range(0, len(ring), 32)]
        self.chunk_id = self.derive(1, "chunk-id")
        self.verifying = Ed25519PrivateKey.from_private_bytes(self.derive(1, "signing")).public_key()

    def derive(self, epoch, label):
        require(1 <= epoch <= len(self.ring), f"the identity has no key of epoch {epoch}")
        return hkdf(self.ring[epoch - 1], b"", b"holdfast/2/" + label.encode())

    def open_object(self, purpose, data):
        """An object sealed as one: its epoch, and its plain bytes."""
        epoch, aad = int.from_bytes(data[:4], "big"), data[:4] + purpose.encode()
        key = mac(self.derive(epoch, "object-seal"), purpose.encode())
        return epoch, AESGCM(key).decrypt(data[4:16], data[16:], aad)

    def open_chunk(self, identifier, epoch, method, length, sealed):
        with reading(f"chunk {identifier.hex()}"):
            require(method in (0, 1) and length <= CHUNK_MAX, "is of no known kind")
            aad = struct.pack(">32sBI", identifier, method, length)
            body = AESGCM(mac(self.derive(epoch, "chunk-seal"), identifier)).decrypt(sealed[:12], sealed[12:], aad)
            plain = unpack(body, length) if method else body
            require(len(plain) == length, "has another length")
            require(mac(self.chunk_id, hashlib.sha256(plain).digest()) == identifier, "holds something else")
            return plain

    def check(self, value, signature):
        self.verifying.verify(bytes.fromhex(signature), canonical(value).encode())

def pack_object(pack):
    return f"packs/{pack[:2]}/{pack}"

class Repository:
    """In a store that is a folder: objects are files by their names."""
    def __init__(self, folder, identities):
        self.folder, self.places, self.covered, self.all_known = Path(folder), {}, set(), False
        with reading("holdfast.json"):
            description = json.loads(self.get("holdfast.json"))
            require(description["format"] == 2, f"has format {description['format']}, and this reads format 2")
            self.keys = self.find_keys(description, identities)
        for name in self.names("index"):
            with suppress(*DAMAGE):  # it is never needed
                self.read_index(self.get(name))

    def names(self, prefix):
        paths = sorted((self.folder / prefix).rglob("*"))
        names = (path.relative_to(self.folder).as_posix() for path in paths if path.is_file())
        return [name for name in names if re.fullmatch(r"[\w-][\w.-]*(/[\w-][\w.-]*)*", name, re.ASCII)]

    def get(self, name, offset=0, length=OBJECT_MAX + 1):
        require((self.folder / name).is_file(), f"{name} is not in the store")
        with open(self.folder / name, "rb") as file:
            file.seek(offset)
            data = file.read(length)
        require(len(data) <= OBJECT_MAX, f"{name} is larger than an object may be")
        return data

    def find_keys(self, description, identities):
        """Of the ring that the newest list of recipients names, or the longest that holdfast.json accepts."""
        signature, rings, named = description.pop("signature"), [], None
        with suppress(*DAMAGE):  # it may be damaged, or there may be none
            named = json.loads(self.get(self.names("keys/recipients")[-1]))["list"]["ring"]
        for slot in self.names("keys"):
            for identity in identities:
                with suppress(*DAMAGE):  # of another recipient, or what a creation left that was cut off
                    ring = open_age(self.get(slot), identity)
                    require(len(ring) == 32 * int(slot.split("/")[1]), "is of another epoch")
                    rings.append(ring)
        require(rings, "the identity opens no key slot of this store")
        rings.sort(key=lambda ring: (hashlib.sha256(b"holdfast/2/ring" + ring).hexdigest() == named, len(ring)))
        for keys in map(Keys, reversed(rings)):
            with suppress(InvalidSignature):
                keys.check(description, signature)
                require(keys.verifying.public_bytes(*RAW).hex() == description["verifyingKey"], "names another key")
                return keys
        raise Damaged("was changed, or the keys belong to another repository")

    def read_index(self, data):
        plain, at = unpack(self.keys.open_object("index", data)[1], UNPACKED_MAX), 0
        while at < len(plain):
            pack, epoch, count = struct.unpack_from(">32sII", plain, at)
            start, at = at + 40, at + 40 + count * ENTRY.size
            require(at <= len(plain), "is cut off")
            if (self.folder / pack_object(pack.hex())).is_file():
                self.learn(pack.hex(), epoch, plain[start:at])

    def learn(self, pack, epoch, table):
        self.covered.add(pack)
        for identifier, *place in ENTRY.iter_unpack(table):
            self.places.setdefault(identifier, []).append((pack, epoch, *place))

    def learn_tables(self):
        """Of the packs that no index covers."""
        self.all_known = True
        for pack in (name.rpartition("/")[2] for name in self.names("packs")):
            if pack not in self.covered:
                with suppress(*DAMAGE):  # missed by who needs it
                    self.learn(pack, *self.open_table(self.get(pack_object(pack))))

    def open_table(self, data):
        length, count, end = struct.unpack(">II8s", data[-16:])
        require(data[:8] == b"HFPACK02" and end == b"HFTABL02", "has no head or no trailer")
        epoch, table = self.keys.open_object("pack-table", data[-16 - length : -16])
        require(len(table) == count * ENTRY.size, "has another number of chunks")
        return epoch, table

    def verify_pack(self, pack):
        """Name, head, trailer and table, and each chunk; gives the plain lengths by id."""
        with reading(f"pack {pack}"):
            data, end, lengths = self.get(pack_object(pack)), 8, {}
            require(hashlib.sha256(data).hexdigest() == pack, "was changed: its bytes do not fit its name")
            epoch, table = self.open_table(data)
            for identifier, method, length, offset, sealed in ENTRY.iter_unpack(table):
                require(offset == end, "its chunks do not lie side by side")
                end = offset + sealed
                self.keys.open_chunk(identifier, epoch, method, length, data[offset:end])
                lengths[identifier.hex()] = length
            require(end + len(table) + 48 == len(data), "its chunks do not reach its table")
            return lengths

    def read_chunk(self, identifier):
        if identifier not in self.places and not self.all_known:
            self.learn_tables()
        places = self.places.get(identifier, [])
        for pack, *place, offset, sealed in places:
            with suppress(*DAMAGE):
                return self.keys.open_chunk(identifier, *place, self.get(pack_object(pack), offset, sealed))
        where = " and ".join(f"pack {pack}" for pack, *_ in places) or "any pack"
        raise Damaged(f"chunk {identifier.hex()} is not, or not whole, in {where}")

    def read(self, stream):
        digest, length = hashlib.sha256(), 0
        for identifier in stream["chunks"]:
            plain = self.read_chunk(bytes.fromhex(identifier))
            digest.update(plain)
            length += len(plain)
            yield plain
        fits = (length, digest.hexdigest()) == (stream["bytes"], stream["sha256"])
        require(fits, "a stream has another length or digest")

    def read_records(self, stream):
        rest = b""
        for plain in self.read(stream):
            *lines, rest = (rest + plain).split(b"\n")
            yield from map(json.loads, lines)
        require(not rest, "a list is cut off")

    def manifest(self, deployment, backup):
        name = f"backups/{deployment}/{backup}.json"
        with reading(name):
            stored = json.loads(self.get(name))
            manifest = stored["manifest"]
            self.keys.check(manifest, stored["signature"])
            require((manifest["deployment"], manifest["backupId"]) == (deployment, backup), "lies under another name")
            return manifest

    def snapshot(self, deployment, cited):
        name = f"snapshots/{deployment}/{cited['component']}/{cited['id']}"
        with reading(name):
            data = self.get(name)
            require(hashlib.sha256(data).hexdigest() == cited["digest"], "is not the one that the manifest cites")
            return json.loads(unpack(self.keys.open_object(name, data)[1], UNPACKED_MAX))

    def snapshot_of(self, options):
        for cited in self.manifest(options.deployment, options.backup)["snapshots"]:
            if cited["component"] == options.component and cited.get("site", "local") == options.site:
                return self.snapshot(options.deployment, cited)
        raise Damaged(f"backup {options.backup} has no {options.component} of site {options.site}")

def place_of(root, path, folders):
    """Where an entry goes: into a folder that the same root listed before it, so that nothing leaves the root."""
    if path == ".":
        return root
    parent, _, name = path.encode("latin-1").rpartition(b"/")
    place = root + b"/" + parent if parent else root
    require(place in folders and name not in (b"", b".", b".."), f"the listing leaves its root at {path!r}")
    return place + b"/" + name

def restore_tree(repository, streams, into):
    folders, files = {}, set()
    for record in repository.read_records(streams["listing"]):
        root = os.fsencode(into / re.sub(r"^\.", "%2E", quote(record["root"], safe="")))
        place, kind = place_of(root, record["path"], folders), record["kind"]
        if kind == "folder":
            os.mkdir(place)
            folders[place] = record
            continue
        if kind == "file":
            write_file(place, repository.read(record["data"]))
            files.add(place)
        elif kind == "symlink":
            os.symlink(record["target"].encode("latin-1"), place)
        else:
            same = place_of(root, record["same"], folders)
            require(kind == "link" and same in files, f"the listing has no file for {record['path']!r}")
            os.link(same, place)
        set_attributes(place, record)
    for place, record in reversed(folders.items()):  # after their content, which changes their times
        set_attributes(place, record)

def write_file(place, pieces):
    with open(place, "xb") as file:
        file.writelines(pieces)

def set_attributes(place, record):
    if os.geteuid() == 0:  # before the mode: a change of owner takes its higher bits
        os.chown(place, record["uid"], record["gid"], follow_symlinks=False)
    if record["kind"] != "symlink":
        os.chmod(place, record["mode"] & 0o7777)
    os.utime(place, ns=(int(record["mtimeNs"]),) * 2, follow_symlinks=False)

def restore_database(repository, streams, into):
    for file in ("schema.dump", "globals.json", "sequences.ndjson", "large-objects.ndjson"):
        write_file(into / file, repository.read(streams[file.partition(".")[0]]))
    with open(into / "tables.ndjson", "x", encoding="utf-8") as tables:
        for number, record in enumerate(repository.read_records(streams["tables"]), 1):
            files = {f"table-{number:05d}-{at:05d}.copy": part for at, part in enumerate(record.pop("slices"), 1)}
            for name, part in files.items():
                write_file(into / name, repository.read(part))
            tables.write(json.dumps(record | {"files": list(files)}) + "\n")

def list_backups(repository, _):
    shown = ("deployment", "backupId", "mark", "completeness", "leftOut", "snapshots")
    names, manifests = [name[8:-5].split("/") for name in repository.names("backups")], []
    for name in names:
        with suppress(Damaged):
            manifests.append(repository.manifest(*name))
    print(json.dumps([{field: each[field] for field in shown} for each in manifests], indent=2))
    for name in names:  # once more: those that are whole are shown, now the first that is not is told
        repository.manifest(*name)

def restore(repository, options):
    """The folder has its name when all of it is right, and not before."""
    streams = repository.snapshot_of(options)["streams"]
    into, beside = Path(options.into), Path(options.into.rstrip("/") + ".incomplete")
    require(not into.exists() and not beside.exists(), f"{into} or {beside} is there already")
    try:
        beside.mkdir()
        (restore_database if options.component == "database" else restore_tree)(repository, streams, beside)
        os.rename(beside, into)
    finally:
        shutil.rmtree(beside, ignore_errors=True)

def verify(repository, options):
    packs = {}
    for cited in repository.manifest(options.deployment, options.backup)["snapshots"]:
        snapshot, lengths = repository.snapshot(options.deployment, cited), {}
        for pack in snapshot["packs"]:
            packs[pack] = packs.get(pack) or repository.verify_pack(pack)
            lengths |= packs[pack]
        lists = [stream for name, stream in snapshot["streams"].items() if name in ("listing", "tables")]
        records = [record for each in lists for record in repository.read_records(each)]
        parts = [part for each in records for part in (*each.get("slices", []), each.get("data")) if part]
        for stream in (*snapshot["streams"].values(), *parts):
            there = sum(lengths.get(chunk, float("inf")) for chunk in stream["chunks"]) == stream["bytes"]
            require(there, f"{cited['component']} {cited['id']}: chunks of a stream are not in its packs")
    print(f"backup {options.backup}: {len(packs)} packs with {sum(map(len, packs.values()))} chunks are whole")

def main():
    parser = argparse.ArgumentParser(description="Reads a Holdfast repository that lies in a folder.")
    commands = parser.add_subparsers(required=True)
    for name, act, words, *more in (
        ("list", list_backups, "backups and their snapshots, as JSON"),
        ("tree", restore, "restore files or configuration", "--deployment", "--backup", "--component", "--into"),
        ("database", restore, "write dumps and rows", "--deployment", "--backup", "--into"),
        ("verify", verify, "read every pack of a backup", "--deployment", "--backup"),
    ):
        command = commands.add_parser(name, help=words)
        command.set_defaults(act=act, component="database")
        command.add_argument("store")
        for option in ("--identity", *more):
            kinds = {"choices": ("files", "config")} if option == "--component" else {}
            command.add_argument(option, required=True, **kinds)
        if "--into" in more:
            command.add_argument("--site", default="local")
    options = parser.parse_args()
    try:
        with reading(options.store):
            options.act(Repository(options.store, read_identities(options.identity)), options)
    except (Damaged, OSError) as error:
        sys.exit(f"reader.py: {error}")

if __name__ == "__main__":
    main()
