"""The harm the oracle must see: each case does one thing to a copy and names the area, and part of the key, that must be reported."""

import os
import shutil
from dataclasses import dataclass
from typing import Callable, Optional, Union


@dataclass(frozen=True)
class Case:
    name: str
    area: str
    key: str
    harm: Union[str, Callable]  # SQL run in the copy, or a function of the copy's folder
    undo: Optional[str] = None  # for harm to the cluster, which copies share
    root_only: bool = False


def keep_times(change):
    """Do something to a file and put its times, and those of its folder, back: harm that a look at the clock does not find."""
    def harm(home):
        before = {path: os.stat(path, follow_symlinks=False) for path in [home, *home.rglob("*")]}
        change(home)
        for path, info in sorted(before.items(), key=lambda item: -len(item[0].parts)):
            if os.path.lexists(path):
                os.utime(path, ns=(info.st_atime_ns, info.st_mtime_ns), follow_symlinks=False)
    return harm


def edit(path, old, new):
    def change(home):
        content = (home / path).read_bytes()
        assert old in content
        (home / path).write_bytes(content.replace(old, new, 1))
    return keep_times(change)


def replace_by_copy(home):
    twin = home / "storage/links/twin"
    content = twin.read_bytes()
    twin.unlink()
    twin.write_bytes(content)


def retarget(home):
    (home / "storage/links/soft").unlink()
    os.symlink("elsewhere", home / "storage/links/soft")


def link_to_file(home):
    (home / "storage/links/soft").unlink()
    shutil.copy2(home / "storage/links/original", home / "storage/links/soft")


def swap_key(home):
    (home / "certificates/server.key").write_bytes(b"key of a stranger\n")


def cut_log(home):
    with open(home / "logs/app.log", "r+b") as file:
        file.truncate(700_000)


def rewrite_log(home):
    path = home / "logs/app.log"
    path.write_bytes(b"LINE" + path.read_bytes()[4:] + b"more\n")


def shift_time(path, nanoseconds):
    def harm(home):
        info = os.stat(home / path)
        os.utime(home / path, ns=(info.st_atime_ns, info.st_mtime_ns + nanoseconds))
    return harm


UNPROTECTED = "SET session_replication_role = replica; "

CASES = [
    # rows
    Case("row lost", "database.tables", "people", UNPROTECTED + "DELETE FROM people WHERE id = 7"),
    Case("row changed", "database.tables", "teams", "UPDATE teams SET name = 'North' WHERE id = 1"),
    Case("row doubled, another lost", "database.tables", "bag", "DELETE FROM bag WHERE colour = ''; INSERT INTO bag VALUES ('blue', 1)"),
    Case("row doubled", "database.tables", "bag", "INSERT INTO bag SELECT * FROM bag WHERE colour IS NULL"),
    Case("two values exchanged between rows", "database.tables", "people", "UPDATE people SET nick = CASE id WHEN 2 THEN 'n5' ELSE 'n2' END WHERE id IN (2, 5)"),
    Case("extra row", "database.tables", "states", "INSERT INTO states VALUES ('lost', true)"),
    Case("microseconds cut", "database.tables", "events", UNPROTECTED + "UPDATE events SET at = date_trunc('milliseconds', at) WHERE id = 5"),
    Case("null became empty", "database.tables", "people", "UPDATE people SET nick = '' WHERE id = 3"),
    Case("empty became null", "database.tables", "bag", "UPDATE bag SET colour = NULL WHERE colour = ''"),
    Case("last bit of a float", "database.tables", "readings", "UPDATE readings SET value = 0.1::float8 + 1.4e-17 WHERE id = 1"),
    Case("interval spelt otherwise", "database.tables", "readings", "UPDATE readings SET span = '32 days' WHERE id = 1"),
    Case("json changed", "database.tables", "events", UNPROTECTED + """UPDATE events SET data = '{"n": "9"}' WHERE id = 9"""),
    Case("rows renumbered", "database.tables", "events", UNPROTECTED + "UPDATE events SET id = id + 1000"),
    Case("primary key of the highest row moved", "database.tables", "tags", "SET session_replication_role = replica; UPDATE tags SET id = 3 WHERE id = 2"),
    Case("partition emptied", "database.tables", "tally_2024", "DELETE FROM tally WHERE day < '2025-01-01'"),
    Case("unlisted table emptied", "database.tables", "Odd", 'DELETE FROM "Odd ""Name"'),
    Case("migration row lost", "database.facts", "django_migrations", "DELETE FROM django_migrations WHERE id = 2"),
    Case("materialised view not filled", "database.tables", "paper_count", "DROP MATERIALIZED VIEW paper_count; CREATE MATERIALIZED VIEW paper_count AS SELECT 3 AS n WITH DATA; DROP MATERIALIZED VIEW paper_count; CREATE MATERIALIZED VIEW paper_count AS SELECT 4 AS n"),
    Case("orphan past a foreign key", "database.orphans", "team_members_team_fk", UNPROTECTED + "DELETE FROM teams WHERE id = 2"),
    Case("large object changed", "database.large_objects", "424242", "SELECT lo_put(424242, 0, 'A')"),
    Case("large object lost", "database.large_objects", "424242", "SELECT lo_unlink(424242)"),
    # sequences
    Case("sequence back", "database.sequences", "people_id_seq", "SELECT setval('people_id_seq', 3)"),
    Case("sequence at the highest row, deleted number issued again", "database.sequences", "people_id_seq", "SELECT setval('people_id_seq', (SELECT max(id) FROM people))"),
    Case("sequence one back through is_called", "database.sequences", "people_id_seq", "SELECT setval('people_id_seq', 50, false)"),
    Case("sequence ahead", "database.sequences", "people_id_seq", "SELECT setval('people_id_seq', 500)"),
    Case("never-used sequence used", "database.sequences", "never_used_id_seq", "SELECT setval('never_used_id_seq', 1, true)"),
    Case("descending sequence back", "database.sequences", "countdown", "SELECT setval('countdown', -1, false)"),
    Case("sequence lost", "database.sequences", "invoice_numbers", "DROP SEQUENCE invoice_numbers"),
    Case("sequence step changed", "database.sequences", "invoice_numbers", "ALTER SEQUENCE invoice_numbers INCREMENT 1"),
    Case("identity gone", "database.columns", "events.id", "ALTER TABLE events ALTER id DROP IDENTITY"),
    # rules
    Case("foreign key gone", "database.constraints", "team_members_team_fk", "ALTER TABLE team_members DROP CONSTRAINT team_members_team_fk"),
    Case("foreign key not validated", "database.constraints", "team_members_person_fk", "ALTER TABLE team_members DROP CONSTRAINT team_members_person_fk; ALTER TABLE team_members ADD CONSTRAINT team_members_person_fk FOREIGN KEY (person_id) REFERENCES people NOT VALID"),
    Case("foreign key no longer deferrable", "database.constraints", "team_members_team_fk", "ALTER TABLE team_members ALTER CONSTRAINT team_members_team_fk NOT DEFERRABLE"),
    Case("foreign key switched off by DISABLE TRIGGER ALL", "database.constraints", "team_members_team_fk", "ALTER TABLE team_members DISABLE TRIGGER ALL"),
    Case("foreign key switched off in the parent", "database.constraints", "team_members_team_fk", "ALTER TABLE teams DISABLE TRIGGER ALL"),
    Case("check gone", "database.constraints", "teams_size_check", "ALTER TABLE teams DROP CONSTRAINT teams_size_check"),
    Case("check weaker", "database.constraints", "papers_state_check", "ALTER TABLE papers DROP CONSTRAINT papers_state_check; ALTER TABLE papers ADD CONSTRAINT papers_state_check CHECK (state IN ('new', 'done', 'lost'))"),
    Case("unique gone", "database.constraints", "people_name_key", "ALTER TABLE people DROP CONSTRAINT people_name_key"),
    Case("unique index kept, constraint gone", "database.constraints", "people_name_key", "ALTER TABLE people DROP CONSTRAINT people_name_key; CREATE UNIQUE INDEX people_name_key ON people (name)"),
    Case("primary key gone", "database.constraints", "paper_tags_pkey", "ALTER TABLE paper_tags DROP CONSTRAINT paper_tags_pkey"),
    Case("index gone", "database.indexes", "papers_title", "DROP INDEX papers_title"),
    Case("partial index made whole", "database.indexes", "papers_one_new", "DROP INDEX papers_one_new; CREATE UNIQUE INDEX papers_one_new ON papers (author_id, id)"),
    Case("index without its operator class", "database.indexes", "papers_title", "DROP INDEX papers_title; CREATE INDEX papers_title ON papers (title)"),
    Case("index not valid", "database.indexes", "papers_title", "UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'papers_title'::regclass"),
    Case("trigger disabled", "database.triggers", "events_append_only", "ALTER TABLE events DISABLE TRIGGER events_append_only"),
    Case("disabled trigger enabled", "database.triggers", "events_no_truncate", "ALTER TABLE events ENABLE TRIGGER events_no_truncate"),
    Case("trigger fires on replicas only", "database.triggers", "events_append_only", "ALTER TABLE events ENABLE REPLICA TRIGGER events_append_only"),
    Case("trigger gone", "database.triggers", "events_append_only", "DROP TRIGGER events_append_only ON events"),
    Case("trigger function emptied", "database.functions", "refuse", "CREATE OR REPLACE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN OLD; END'"),
    # shape
    Case("table gone", "database.tables", "bag", "DROP TABLE bag"),
    Case("extra table", "database.tables", "left_over", "CREATE TABLE left_over (id int)"),
    Case("extra schema", "database.schemas", "old", "CREATE SCHEMA old"),
    Case("column type changed", "database.columns", "teams.size", "ALTER TABLE teams ALTER size TYPE bigint"),
    Case("column length changed", "database.columns", "people.name", "ALTER TABLE people ALTER name TYPE varchar(100)"),
    Case("column default gone", "database.columns", "people.mood", "ALTER TABLE people ALTER mood DROP DEFAULT"),
    Case("not null gone", "database.columns", "teams.name", "ALTER TABLE teams ALTER name DROP NOT NULL"),
    Case("column added", "database.columns", "teams.later", "ALTER TABLE teams ADD later int"),
    Case("view changed", "database.views", "open_papers", "CREATE OR REPLACE VIEW open_papers AS SELECT id, title FROM papers"),
    Case("enum value added", "database.schema_text", "pg_dump", "ALTER TYPE mood ADD VALUE 'late'"),
    Case("statistics target changed", "database.schema_text", "pg_dump", "ALTER TABLE people ALTER name SET STATISTICS 500"),
    Case("event trigger added", "database.schema_text", "pg_dump", "CREATE FUNCTION quiet() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN END'; CREATE EVENT TRIGGER quiet ON sql_drop EXECUTE FUNCTION quiet()"),
    # rights, settings, roles
    Case("grant gone", "database.acls", "table public.papers", "REVOKE SELECT ON papers FROM {reader}"),
    Case("grant too many", "database.acls", "table public.papers", "GRANT DELETE ON papers TO PUBLIC"),
    Case("column grant gone", "database.acls", "column public.tags.label", "REVOKE SELECT (label) ON tags FROM {reader}"),
    Case("sequence grant gone", "database.acls", "sequence public.invoice_numbers", "REVOKE USAGE ON SEQUENCE invoice_numbers FROM {reader}"),
    Case("function open to all", "database.acls", "refuse", "GRANT EXECUTE ON FUNCTION refuse() TO PUBLIC"),
    Case("schema grant gone", "database.acls", "schema public", "REVOKE USAGE ON SCHEMA public FROM {reader}"),
    Case("database grant gone", "database.acls", "database", "REVOKE CONNECT ON DATABASE {copy} FROM {reader}"),
    Case("default privileges gone", "database.default_acls", "public r", "ALTER DEFAULT PRIVILEGES IN SCHEMA public REVOKE SELECT ON TABLES FROM {reader}"),
    Case("owner changed", "database.tables", "papers", "ALTER TABLE papers OWNER TO CURRENT_USER"),
    Case("row security on", "database.tables", "teams", "ALTER TABLE teams ENABLE ROW LEVEL SECURITY"),
    Case("comment gone", "database.comments", "people.nick", "COMMENT ON COLUMN people.nick IS NULL"),
    Case("database comment gone", "database.comments", "database", "COMMENT ON DATABASE {copy} IS NULL"),
    Case("database setting gone", "database.settings", "database", "ALTER DATABASE {copy} RESET timezone"),
    Case("setting of a role in the database changed", "database.settings", "in database", "ALTER ROLE {app} IN DATABASE {copy} SET statement_timeout = 0"),
    Case("database owner changed", "database.properties", "owner", "ALTER DATABASE {copy} OWNER TO {app}"),
    Case("role may create databases", "database.roles", "{app}", "ALTER ROLE {app} CREATEDB", "ALTER ROLE {app} NOCREATEDB"),
    Case("role password changed", "database.roles", "{app}", "ALTER ROLE {app} PASSWORD 'other'", "ALTER ROLE {app} PASSWORD 'pw'"),
    Case("role may not log in", "logins", "app", "ALTER ROLE {app} NOLOGIN", "ALTER ROLE {app} LOGIN"),
    Case("role no longer a member", "database.roles", "{app}", "REVOKE {reader} FROM {app}", "GRANT {reader} TO {app}"),
    # documents
    Case("digest in a row is not the file's", "documents.papers.file_path", "1", "UPDATE papers SET file_sha256 = repeat('0', 64) WHERE id = 1"),
    Case("document file lost", "documents.papers.file_path", "2", lambda home: (home / "storage/media/papers/two/ż name.txt").unlink()),
    Case("document file of another length", "documents.papers.file_path", "1", lambda home: (home / "storage/documents/one.txt").write_bytes(b"short")),
    # files
    Case("file lost", "trees.storage", "large.bin", keep_times(lambda home: (home / "storage/large.bin").unlink())),
    Case("content changed, size and times kept", "trees.storage", "large.bin", edit("storage/large.bin", b"\x10\x11\x12", b"\x10\x11\x13")),
    Case("mode changed", "trees.storage", "empty file", lambda home: (home / "storage/empty file").chmod(0o666)),
    Case("setgid of a folder gone", "trees.storage", "deep", lambda home: (home / "storage/deep").chmod(0o750)),
    Case("owner changed (file)", "trees.storage", "large.bin", lambda home: os.chown(home / "storage/large.bin", 12345, -1), root_only=True),
    Case("group changed (link itself)", "trees.storage", "links/soft", lambda home: os.lchown(home / "storage/links/soft", -1, 12345), root_only=True),
    Case("time cut to seconds", "trees.storage", "large.bin", shift_time("storage/large.bin", -123_456_000)),
    Case("time of a folder", "trees.storage", "deep/a", shift_time("storage/deep/a", 5_000)),
    Case("link target changed", "trees.storage", "links/soft", keep_times(retarget)),
    Case("link became a file", "trees.storage", "links/soft", keep_times(link_to_file)),
    Case("hard link broken", "trees.storage", "links/twin", keep_times(replace_by_copy)),
    Case("empty folder gone", "trees.storage", "documents/empty", keep_times(lambda home: (home / "storage/documents/empty").rmdir())),
    Case("extra file", "trees.storage", "stray", keep_times(lambda home: (home / "storage/stray").write_bytes(b""))),
    Case("non-UTF-8 name lost", "trees.storage", "not-\\xff-utf8", keep_times(lambda home: os.unlink(os.fsencode(home / "storage") + b"/not-\xff-utf8"))),
    Case("non-UTF-8 name repaired", "trees.storage", "not-\\xff-utf8", keep_times(lambda home: os.rename(os.fsencode(home / "storage") + b"/not-\xff-utf8", os.fsencode(home / "storage") + "/not-ÿ-utf8".encode()))),
    Case("absent folder made", "trees", "static", lambda home: (home / "static").mkdir()),
    Case("whole tree gone", "trees", "certificates", lambda home: shutil.rmtree(home / "certificates")),
    Case("key file swapped", "trees.certificates", "server.key", keep_times(swap_key)),
    Case("log cut", "trees.logs", "app.log", keep_times(cut_log)),
    Case("log rewritten and longer", "trees.logs", "app.log", keep_times(rewrite_log)),
    # environment and the system's own word
    Case("variable changed", "env", ".env", edit(".env", b"pw", b"pW")),
    Case("variable lost", "env", ".env", edit(".env", b"EMPTY=\n", b"")),
    Case("comment of the environment file changed", "env", ".env", edit(".env", b"# settings", b"# Settings")),
    Case("environment file readable to all", "env", ".env", lambda home: (home / ".env").chmod(0o644)),
    Case("environment file gone", "env", ".env", lambda home: (home / ".env").unlink()),
    Case("command says something else", "commands", "settings", edit("settings.json", b"false", b"true")),
]
