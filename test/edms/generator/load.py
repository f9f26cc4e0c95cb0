"""Rows and files for load tests, by COPY: documents, versions, access log, audit trail."""

import hashlib
import sys
import time
from contextlib import contextmanager
from datetime import timedelta

from django.contrib.contenttypes.models import ContentType
from django.db import connection, transaction

from generator.moments import LOAD_START
from generator.texts import MIME_TYPES, file_of, substream, words
from library.files import FLAT, NAMED, resolve, stored_path
from library.models import Document, DocumentSource, DocumentType

ACCESS_PER_DOCUMENT = 31
AUDIT_PER_DOCUMENT = 81
ROWS_PER_DOCUMENT = 2 + ACCESS_PER_DOCUMENT + AUDIT_PER_DOCUMENT
FILE_BYTES = (60_000, 125_000)
KINDS = ("docx", "pdf", "txt")
COPY_BYTES = 1 << 18
LEAN_ROWS_MIN = 20_000
STEP_MICROSECONDS = 53_000_017
ACTIONS = ("VIEW", "UPDATE", "DOWNLOAD", "REVIEW", "PRINT", "SIGN")


def say(text):
    print(text, file=sys.stderr, flush=True)


def hex_uuid(rng):
    return f"{rng.getrandbits(128) & ~(0xF << 76) & ~(3 << 62) | (4 << 76) | (2 << 62):032x}"


def stamps(start, step, rng):
    """Rising moments as text, each with its own microseconds."""
    moment, jitter = start.replace(tzinfo=None), step // 2
    while True:
        yield moment.isoformat(timespec="microseconds") + "Z"
        moment += timedelta(microseconds=step + int(rng.random() * jitter))


def copy_text(value):
    return value.replace("\\", "\\\\").replace("\t", "\\t").replace("\n", "\\n")


def copy_rows(table, columns, lines):
    with connection.cursor() as cursor:
        with cursor.cursor.copy(f"COPY {table} ({', '.join(columns)}) FROM STDIN") as copy:
            block, size = [], 0
            for line in lines:
                block.append(line)
                size += len(line)
                if size >= COPY_BYTES:
                    copy.write("".join(block))
                    block, size = [], 0
            copy.write("".join(block))
        # Settles the deferred checks now: a table with checks still due cannot be altered.
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("SET CONSTRAINTS ALL DEFERRED")


LEAN_PARTS = """
SELECT format('ALTER TABLE %%I DROP CONSTRAINT %%I', %(table)s, conname),
       format('ALTER TABLE %%I ADD CONSTRAINT %%I %%s', %(table)s, conname,
              pg_get_constraintdef(oid))
  FROM pg_constraint WHERE conrelid = %(table)s::regclass AND contype = 'f'
UNION ALL
SELECT format('DROP INDEX %%I', relname), pg_get_indexdef(indexrelid)
  FROM pg_index JOIN pg_class ON pg_class.oid = indexrelid
 WHERE indrelid = %(table)s::regclass AND NOT indisunique
"""


@contextmanager
def lean(table, rows):
    """Foreign keys and plain indexes are taken off while many rows come in, and put back as
    they were: checking them once over the whole table is several times faster."""
    if rows < LEAN_ROWS_MIN:
        yield
        return
    with connection.cursor() as cursor:
        cursor.execute(LEAN_PARTS, {"table": table})
        parts = cursor.fetchall()
        for drop, _ in parts:
            cursor.execute(drop)
        yield
        for _, restore in parts:
            cursor.execute(restore)


def reserve_ids(table, count):
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT min(n) FROM (SELECT nextval(pg_get_serial_sequence(%s, 'id')) AS n"
            " FROM generate_series(1, %s)) ids",
            [table, count],
        )
        return cursor.fetchone()[0]


class LoadedFiles:
    """Writes the file of document `index` and gives its columns; none beyond `count`."""

    def __init__(self, seed, count):
        self.seed = seed
        self.count = count
        self.rng = substream(seed, "load-files")

    def columns(self, index, uuid):
        if index >= self.count:
            return ("", "", None, "", "")
        kind = KINDS[index % len(KINDS)]
        name = f"Bericht {index:06d} – Anlage.{kind}"
        dashed = f"{uuid[:8]}-{uuid[8:12]}-{uuid[12:16]}-{uuid[16:20]}-{uuid[20:]}"
        path = stored_path((FLAT, NAMED)[index % 2], dashed, name)
        content = file_of(kind, self.rng, self.rng.randrange(*FILE_BYTES))
        target = resolve(path)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)
        return (name, path, len(content), hashlib.sha256(content).hexdigest(), MIME_TYPES[kind])


def size_text(size):
    return "\\N" if size is None else str(size)


DOCUMENT_COLUMNS = (
    "id uuid created_at updated_at metadata document_number title description keywords "
    "version_major version_minor status priority file_name file_path file_size file_checksum "
    "mime_type is_encrypted encryption_metadata reason_for_change change_summary is_active "
    "requires_training is_controlled search_vector author_id document_source_id document_type_id "
    "obsolescence_reason"
).split()

VERSION_COLUMNS = (
    "uuid created_at metadata version_major version_minor version_comment file_name file_path "
    "file_size file_checksum status change_summary reason_for_change created_by_id document_id"
).split()

ACCESS_COLUMNS = (
    "uuid metadata access_type access_timestamp ip_address user_agent session_id success "
    "failure_reason document_version file_downloaded access_duration document_id user_id"
).split()

AUDIT_COLUMNS = (
    "uuid metadata timestamp action severity user_display_name session_id ip_address user_agent "
    "object_id object_representation field_changes old_values new_values description module "
    "request_path request_method checksum is_tampered verification_status content_type_id user_id"
).split()


class Load:
    def __init__(self, *, seed, users, documents, files):
        self.seed = seed
        self.documents = documents
        self.files = LoadedFiles(seed, files)
        self.users = users
        self.type = DocumentType.objects.order_by("pk").last()
        self.source = DocumentSource.objects.order_by("pk").last()
        self.first_id = reserve_ids("documents", documents) if documents else 0
        self.versions = []

    def number(self, index):
        return f"LD-2024-{index + self.first_id:07d}-v01.00"

    def document_lines(self):
        rng = substream(self.seed, "load-documents")
        times = stamps(LOAD_START, STEP_MICROSECONDS, rng)
        author, source, kind = self.users["author"].pk, self.source.pk, self.type.pk
        for index in range(self.documents):
            uuid, at = hex_uuid(rng), next(times)
            name, path, size, checksum, mime = self.files.columns(index, uuid)
            name, path, size = copy_text(name), copy_text(path), size_text(size)
            self.versions.append((at, name, path, size, checksum))
            yield (
                f"{self.first_id + index}\t{uuid}\t{at}\t{at}\t{{}}\t{self.number(index)}\t"
                f"{words(rng, 6)}\t{words(rng, 40)}\t{words(rng, 5)}\t1\t0\tDRAFT\tNORMAL\t{name}\t"
                f"{path}\t{size}\t{checksum}\t{mime}\tf\t{{}}\t\t{words(rng, 12)}\tt\tf\tt\t\t"
                f"{author}\t{source}\t{kind}\t\n"
            )

    def version_lines(self):
        rng = substream(self.seed, "load-versions")
        author = self.users["author"].pk
        for index, (at, name, path, size, checksum) in enumerate(self.versions):
            yield (
                f"{hex_uuid(rng)}\t{at}\t{{}}\t1\t0\t{words(rng, 8)}\t{name}\t{path}\t{size}\t"
                f"{checksum}\tDRAFT\t{words(rng, 8)}\t\t{author}\t{self.first_id + index}\n"
            )

    def access_lines(self):
        rng = substream(self.seed, "load-access")
        times = stamps(LOAD_START, STEP_MICROSECONDS // ACCESS_PER_DOCUMENT, rng)
        readers = [self.users[name].pk for name in ("author", "reviewer", "approver", "viewer")]
        for index in range(self.documents):
            document = self.first_id + index
            for turn in range(ACCESS_PER_DOCUMENT):
                yield (
                    f"{hex_uuid(rng)}\t{{}}\tVIEW\t{next(times)}\t10.20.{turn}.{index % 250}\t"
                    f"Mozilla/5.0 (X11; Linux x86_64)\t{rng.getrandbits(128):032x}\tt\t\t1.0\tf\t"
                    f"{turn}.{rng.randrange(1_000_000):06d} s\t{document}\t{readers[turn % 4]}\n"
                )

    def audit_lines(self, content_type_id):
        """Sealed as `audit_checksum` seals: the changes are written in their canonical form."""
        rng = substream(self.seed, "load-audit")
        times = stamps(LOAD_START, STEP_MICROSECONDS // AUDIT_PER_DOCUMENT, rng)
        actors = [self.users[name] for name in ("author", "reviewer", "approver", "admin")]
        actors = [(user.pk, user.get_full_name()) for user in actors]
        sha256 = hashlib.sha256
        for index in range(self.documents):
            document, number = self.first_id + index, self.number(index)
            session = f"{rng.getrandbits(128):032x}"
            for turn in range(AUDIT_PER_DOCUMENT):
                at, action = next(times), ACTIONS[turn % 6]
                user, shown = actors[turn % 4]
                changes = f'{{"note":"{words(rng, 6)}","turn":{turn}}}'
                seal = sha256(f"{at}\n{action}\n{user}\n{document}\n{changes}".encode())
                yield (
                    f"{hex_uuid(rng)}\t{{}}\t{at}\t{action}\tINFO\t{shown}\t{session}\t10.20.0.15\t"
                    f"Mozilla/5.0 (X11; Linux x86_64)\t{document}\t{number}\t{changes}\t{{}}\t{{}}"
                    f"\t\tO\t/documents/{document}\tPOST\t{seal.hexdigest()}\tf\tSEALED\t"
                    f"{content_type_id}\t{user}\n"
                )

    def copy(self, table, columns, lines, rows):
        started = time.monotonic()
        with lean(table, rows):
            copy_rows(table, columns, lines)
        say(f"{table}: {rows} rows in {time.monotonic() - started:.1f} s")


def make_load(*, seed, users, rows, files):
    """Adds about `rows` rows and exactly `files` files; gives the rows added."""
    documents = max(rows // ROWS_PER_DOCUMENT, files)
    logged = min(documents, rows // ROWS_PER_DOCUMENT)
    load = Load(seed=seed, users=users, documents=documents, files=files)
    content_type_id = ContentType.objects.get_for_model(Document).pk
    with transaction.atomic():
        load.copy("documents", DOCUMENT_COLUMNS, load.document_lines(), documents)
        load.copy("document_versions", VERSION_COLUMNS, load.version_lines(), documents)
        load.documents = logged
        access, audit = logged * ACCESS_PER_DOCUMENT, logged * AUDIT_PER_DOCUMENT
        load.copy("document_access_logs", ACCESS_COLUMNS, load.access_lines(), access)
        load.copy("audit_trail", AUDIT_COLUMNS, load.audit_lines(content_type_id), audit)
    return 2 * documents + access + audit
