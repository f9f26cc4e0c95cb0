"""Writes down a database: every row by digest, every rule by the catalog's word, and pg_dump's text as a second opinion."""

import hashlib
import json
import re
import subprocess

import catalog
from psql import OracleError, Session, find_tool

# Tables kept row by row as well, because a reader wants to know which migration, task or group it was.
FACT_TABLES = ["django_migrations", "django_content_type", "auth_permission", "auth_group", "auth_group_permissions",
               "django_celery_beat_periodictask", "django_celery_beat_crontabschedule", "django_celery_beat_intervalschedule"]
FACT_ROWS_MAX = 5000


def observe_database(system, pg_bin=None):
    conninfo = system["database"]
    with Session(conninfo, pg_bin) as session:
        database = {area: session.keyed(query) for area, query in catalog.AREAS.items()}
        database["roles"] = session.keyed(catalog.ROLES.replace("{password}", password_expression(session)))
        database["tables"] = observe_tables(session, system.get("ignore_columns", {}))
        database["sequences"] = observe_sequences(session, database["tables"])
        database["orphans"] = {key: int(session.values(query + ";")[0])
                               for key, query in session.keyed(catalog.ORPHAN_QUERIES).items()}
        database["facts"] = observe_facts(session, database["tables"], system.get("facts", FACT_TABLES))
    database["schema_text"] = observe_schema_text(conninfo, pg_bin)
    return database


def password_expression(session):
    readable = session.values("SELECT has_table_privilege('pg_authid', 'select');")[0] == "t"
    return catalog.PASSWORD if readable else "NULL"


def observe_tables(session, ignore_columns):
    tables = session.keyed(catalog.RELATIONS)
    id_columns = session.keyed(catalog.ID_COLUMNS)
    columns = session.keyed(
        "SELECT format('%I.%I', n.nspname, c.relname), json_agg(a.attname ORDER BY a.attnum) FROM pg_attribute a "
        "JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace "
        f"WHERE {catalog.USER_SCHEMA} AND c.relkind IN ('r', 'm') AND a.attnum > 0 AND NOT a.attisdropped GROUP BY 1")
    for name, table in tables.items():
        ignored = set(ignore_columns.get(name, ignore_columns.get(name.removeprefix("public."), [])))
        if not ignored <= set(columns.get(name, [])):
            raise OracleError(f"ignore_columns names columns {name} does not have: {sorted(ignored)}")
        table.update(rows=None, digest=None, id_column=id_columns.get(name), max_id=None)
        if table["kind"] in ("p", "f"):
            continue  # the rows of a partitioned table are in its partitions, those of a foreign table elsewhere
        wanted = ", ".join(quote(c) for c in columns.get(name, []) if c not in ignored)
        table["rows"], table["digest"] = digest_rows(
            session.lines(f"COPY (SELECT {wanted} FROM ONLY {name}) TO STDOUT;"))
        if table["id_column"]:
            table["max_id"] = session.values(f"SELECT max({table['id_column']}) FROM ONLY {name};")[0] or None
    return tables


def digest_rows(lines):
    """Sum of the rows' SHA-256 modulo 2^256: the same in any order, another when a row is lost, changed or doubled."""
    total = rows = 0
    for line in lines:
        total += int.from_bytes(hashlib.sha256(line).digest(), "big")
        rows += 1
    return rows, format(total % (1 << 256), "064x")


def observe_sequences(session, tables):
    sequences = session.keyed(catalog.SEQUENCES)
    for name, sequence in sequences.items():
        last, called = session.values(f"SELECT last_value || ' ' || is_called FROM {name};")[0].split()
        step = int(sequence["increment"])
        sequence["last_value"], sequence["is_called"] = last, called == "true"
        following = int(last) + step if sequence["is_called"] else int(last)
        sequence["next_value"] = str(following)
        sequence["collides"] = collides(sequence, following, step, tables)
    return sequences


def collides(sequence, following, step, tables):
    """Would the next value be one that a row already has? Only said for ascending sequences that feed a known id column."""
    table, _, column = (sequence["owned_by"] or "").rpartition(".")
    fed = tables.get(table)
    if not fed or fed["id_column"] != column or fed["max_id"] is None or step < 0:
        return False
    return following <= int(fed["max_id"])


def observe_facts(session, tables, names):
    facts = {}
    for name in names:
        full = name if "." in name else f"public.{name}"
        if full in tables and tables[full]["rows"] is not None and tables[full]["rows"] <= FACT_ROWS_MAX:
            rows = [json.loads(line) for line in session.values(f"SELECT to_jsonb(t) FROM {full} t;")]
            facts[full] = sorted(rows, key=lambda row: json.dumps(row, sort_keys=True))
    return facts


def observe_schema_text(conninfo, pg_bin):
    done = subprocess.run([find_tool("pg_dump", pg_bin), "-s", "-d", conninfo], capture_output=True)
    if done.returncode != 0:
        raise OracleError(f"pg_dump -s ended with {done.returncode}: {done.stderr.decode('utf-8', 'replace').strip()}")
    text = normalise_schema(done.stdout.decode("utf-8", "surrogateescape"))
    return {"text": text, "sha256": hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()}


def normalise_schema(text):
    """The dump as a set of entries: sorted, without the lines that tell of the tools and not of the schema."""
    noise = re.compile(r"(\\(un)?restrict .*|-- (Dumped (from|by)|Started|Completed) .*|SET default_table_access_method = heap;"
                       r"|SET default_tablespace = '';|-- PostgreSQL database dump( complete)?)$")
    kept = [line for line in text.split("\n") if not noise.match(line)]
    entries = re.split(r"\n--\n(?=-- (?:Data for )?Name: )", "\n".join(kept))
    return "\n\n".join(sorted(normalise_entry(entry) for entry in entries)) + "\n"


def normalise_entry(entry):
    entry = re.sub(r"\n{2,}", "\n\n", entry).strip("\n-").strip()
    if re.match(r"-- Name: .*; Type: (DEFAULT )?ACL;", entry):
        head, *grants = [line for line in entry.split("\n") if line]
        return "\n".join([head, *sorted(grants)])
    return entry


def quote(name):
    return '"' + name.replace('"', '""') + '"'
