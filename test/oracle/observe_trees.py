"""Writes down files: folders, environment files, and the files that document rows speak of."""

import hashlib
import os
import stat

from psql import Session

OWN_FOLDER = b".holdfast"  # the product's working folder at the top of a tree: no part of the system that is judged
KINDS = {stat.S_IFREG: "file", stat.S_IFDIR: "directory", stat.S_IFLNK: "symlink", stat.S_IFIFO: "fifo",
         stat.S_IFSOCK: "socket", stat.S_IFCHR: "character device", stat.S_IFBLK: "block device"}


def escape(name):
    """Bytes to text without loss: a backslash is doubled, a byte that is not UTF-8 becomes \\xNN."""
    return name.replace(b"\\", b"\\\\").decode("utf-8", "backslashreplace")


def observe_tree(tree, since=None):
    """One tree. `since` is the same tree as seen before: for append-only trees the old length is hashed again."""
    root = os.fsencode(tree["path"])
    seen = {"append_only": bool(tree.get("append_only")), "state": "present", "holdfast_folder": False, "entries": {}}
    if not os.path.lexists(root):
        return {**seen, "state": "absent"}
    links = {}
    for relative, path in walk(root):
        if relative == OWN_FOLDER:
            seen["holdfast_folder"] = True
            continue
        name = escape(relative)
        earlier = ((since or {}).get("entries") or {}).get(name)
        entry = observe_entry(path, earlier["size"] if seen["append_only"] and earlier and earlier["type"] == "file" else None)
        inode = entry.pop("inode")
        if entry["type"] == "file" and entry["nlink"] > 1:
            entry["hard_link_of"] = links.setdefault(inode, name)
        seen["entries"][name] = entry
    return seen


def walk(root):
    """Yield (path inside the root, full path), the root itself as "."; in byte order, so that link groups have stable names.
    A root that is a link is recorded as the link and looked into all the same; links below it are not followed."""
    yield b".", root
    if not os.path.isdir(root):
        return
    waiting = [b""]
    while waiting:
        folder = waiting.pop()
        below = []
        for name in sorted(os.listdir(os.path.join(root, folder))):
            relative = os.path.join(folder, name)
            path = os.path.join(root, relative)
            yield relative, path
            if relative != OWN_FOLDER and os.path.isdir(path) and not os.path.islink(path):
                below.append(relative)
        waiting.extend(reversed(below))


def observe_entry(path, prefix_size=None):
    info = os.lstat(path)
    entry = {"type": KINDS.get(stat.S_IFMT(info.st_mode), "other"), "mode": format(stat.S_IMODE(info.st_mode), "04o"),
             "uid": info.st_uid, "gid": info.st_gid, "mtime_ns": str(info.st_mtime_ns), "nlink": info.st_nlink,
             "inode": (info.st_dev, info.st_ino)}
    attributes = {escape(os.fsencode(name)): hashlib.sha256(os.getxattr(path, name, follow_symlinks=False)).hexdigest()
                  for name in os.listxattr(path, follow_symlinks=False) if name != "security.selinux"}
    if attributes:
        entry["xattrs"] = attributes
    if entry["type"] == "symlink":
        entry["target"] = escape(os.readlink(path))
    if entry["type"] in ("character device", "block device"):
        entry["device"] = info.st_rdev
    if entry["type"] == "file":
        entry["size"], entry["sha256"], prefix = hash_file(path, prefix_size)
        if prefix:
            entry["prefix"] = {"size": prefix_size, "sha256": prefix}
    return entry


def hash_file(path, prefix_size=None):
    """Size, digest, and the digest of the first prefix_size bytes (None when the file is shorter or none was asked)."""
    whole, size, prefix = hashlib.sha256(), 0, None
    with open(path, "rb") as file:
        while True:
            if prefix_size == size:
                prefix = whole.hexdigest()
            step = 1 << 20 if prefix_size is None or prefix_size <= size else min(1 << 20, prefix_size - size)
            block = file.read(step)
            if not block:
                return size, whole.hexdigest(), prefix
            whole.update(block)
            size += len(block)


def observe_env_file(path):
    """The file as an entry, and the digest of each variable's value, so that a reader learns which one changed."""
    if not os.path.lexists(path):
        return {"state": "absent"}
    entry = observe_entry(os.fsencode(path))
    del entry["inode"]
    entry["state"] = "present"
    entry["variables"] = {key: hashlib.sha256(value).hexdigest() for key, value in read_env(path).items()}
    return entry


def read_env(path):
    variables = {}
    with open(path, "rb") as file:
        for line in file.read().splitlines():
            key, equals, value = line.partition(b"=")
            if equals and not key.lstrip().startswith(b"#"):
                variables[escape(key.strip().removeprefix(b"export ").strip())] = value
    return variables


def observe_documents(system, pg_bin=None):
    documents = {}
    with Session(system["database"], pg_bin) as session:
        for source in system["documents"]:
            rows = session.keyed(document_query(source))
            name = f"{source['table']}.{source['path']}"
            documents[name] = {key: judge_document(row, source["bases"]) for key, row in rows.items()}
    return documents


def document_query(source):
    """Names are quoted; the table may carry its schema, else it is in public."""
    def quoted(name):
        return '"' + name.replace('"', '""') + '"'
    table = source["table"] if "." in source["table"] else "public." + source["table"]
    schema, _, relation = table.partition(".")
    fields = ", ".join(f"'{field}', t.{quoted(source[field])}" for field in ("path", "sha256", "size", "http_key") if source.get(field))
    where = f" WHERE {source['where']}" if source.get("where") else ""
    return (f"SELECT t.{quoted(source.get('key', 'id'))}::text, json_build_object({fields}) "
            f"FROM {quoted(schema)}.{quoted(relation)} t{where}")


def judge_document(row, bases):
    """Does the row's path lead to exactly one file, and is that file the one the row describes?"""
    path = row.get("path")
    seen = {"path": path, "row_size": row.get("size"), "row_sha256": row.get("sha256"), "http_key": row.get("http_key"),
            "size": None, "sha256": None}
    if not path:
        return {**seen, "verdict": "no path"}
    if path.startswith("/") or ".." in path.split("/"):
        return {**seen, "verdict": "path leaves its base"}
    found = {os.path.join(base["base"], path) for base in bases if path.startswith(base.get("prefix", ""))}
    found = [candidate for candidate in found if os.path.isfile(candidate)]
    if len(found) != 1:
        return {**seen, "verdict": "missing" if not found else "ambiguous"}
    seen["size"], seen["sha256"], _ = hash_file(found[0])
    if row.get("size") is not None and seen["size"] != row["size"]:
        return {**seen, "verdict": "size differs from row"}
    if row.get("sha256") and seen["sha256"] != row["sha256"].strip().lower():
        return {**seen, "verdict": "digest differs from row"}
    return {**seen, "verdict": "ok"}
