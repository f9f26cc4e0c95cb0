"""What the tests share: a scratch server's administrator, instances that are removed again, their content."""

import json
import os
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

import psycopg
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict, make_conninfo

import instance
import shape

HERE = Path(__file__).resolve().parent
# A missing server fails the tests: one that was skipped proves nothing.
ADMIN_URL = os.environ.get("EDMS_ADMIN_URL", "")
TABLES_OF_ONE_SEED = (
    "users roles documents document_versions document_access_logs document_transitions audit_trail "
    "login_audit auth_group_permissions users_groups"
).split()


def call(script, *arguments, environment=None):
    """The report a command prints, and its exit code as `exit`."""
    command = [sys.executable, str(HERE / script), *map(str, arguments)]
    environment = {**os.environ, **(environment or {})}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if not done.stdout:
        raise AssertionError(done.stderr)
    return {**json.loads(done.stdout), "exit": done.returncode}


def edms(*arguments, **options):
    return call("edms.py", *arguments, **options)


def admin(database="postgres"):
    parameters = {**conninfo_to_dict(ADMIN_URL), "dbname": database}
    return psycopg.connect(**parameters, autocommit=True)


def drop(database, role):
    with admin() as connection:
        for verb, name in (("DATABASE", database), ("ROLE", role)):
            statement = sql.SQL("DROP {} IF EXISTS {}").format(sql.SQL(verb), sql.Identifier(name))
            connection.execute(statement)


def contents(database):
    with admin(database) as connection:
        return {
            table: connection.execute(f"SELECT * FROM {table} ORDER BY id").fetchall()
            for table in TABLES_OF_ONE_SEED
        }


class WithInstances(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        if not ADMIN_URL:
            raise AssertionError("EDMS_ADMIN_URL is not set: name a scratch server's administrator")
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        cls.folder = Path(folder.name)

    @classmethod
    def create(cls, name, *more):
        database = f"edms_{os.getpid()}_{name}"
        url = make_conninfo(ADMIN_URL, dbname=database)
        cls.addClassCleanup(drop, database, database)
        root = cls.folder / name
        return edms("create", "--root", root, "--db-url", url, "--app-role", database, *more)

    def harmed(self, made, command, statement):
        """What the instance reports on a copy of its database that had `statement` done to it."""
        database, copy = made["database"], f"{made['database']}_harmed"
        self.addCleanup(drop, copy, copy)
        with admin() as connection:
            connection.execute(f'CREATE DATABASE "{copy}" TEMPLATE "{database}"')
        with admin(copy) as connection:
            connection.execute(statement)
        return edms(command, "--root", made["root"], environment={"DB_NAME": copy})

    def environment(self, made):
        return instance.parse_env(Path(made["env_file"]).read_text(encoding="utf-8"))

    def measure(self, made):
        return shape.measure(self.environment(made))
