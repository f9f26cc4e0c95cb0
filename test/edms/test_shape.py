"""The reference EDMS has the shape and the sharp edges it is meant to have.

Needs EDMS_ADMIN_URL, an administrator's URL of a scratch server; without it the tests are skipped.
    EDMS_ADMIN_URL='postgresql://admin@127.0.0.1:5432/' python -m unittest test_shape -v
"""

import json
import os
import stat
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

import psycopg
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict, make_conninfo

import shape
from instance import parse_env

HERE = Path(__file__).resolve().parent
ADMIN_URL = os.environ.get("EDMS_ADMIN_URL")
TABLES_OF_ONE_SEED = (
    "users roles documents document_versions document_access_logs document_transitions audit_trail "
    "login_audit auth_group_permissions users_groups"
).split()


def edms(*arguments):
    command = [sys.executable, str(HERE / "edms.py"), *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if not done.stdout:
        raise AssertionError(done.stderr)
    return json.loads(done.stdout)


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


@unittest.skipUnless(ADMIN_URL, "EDMS_ADMIN_URL is not set")
class SeedState(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        cls.folder = Path(folder.name)
        cls.made = cls.create("one")

    @classmethod
    def create(cls, name, *more):
        database = f"edms_shape_{os.getpid()}_{name}"
        url = make_conninfo(ADMIN_URL, dbname=database)
        cls.addClassCleanup(drop, database, database)
        root = cls.folder / name
        return edms("create", "--root", root, "--db-url", url, "--app-role", database, *more)

    def environment(self):
        return parse_env(Path(self.made["env_file"]).read_text(encoding="utf-8"))

    def refused(self, statement):
        with shape.connect(self.environment()) as connection:
            with self.assertRaisesRegex(psycopg.Error, "append-only"):
                connection.execute(statement)
            connection.rollback()

    def test_every_figure_of_the_seed_state_is_met(self):
        self.assertEqual({}, shape.differences(shape.measure(self.environment()), exact=True))

    def test_the_instance_finds_itself_sound(self):
        self.assertTrue(edms("check", "--root", self.made["root"])["ok"])

    def test_the_environment_is_836_private_bytes(self):
        facts = Path(self.made["env_file"]).stat()
        self.assertEqual((836, 0o600), (facts.st_size, stat.S_IMODE(facts.st_mode)))
        self.assertEqual(24, len(self.environment()))

    def test_there_are_nine_settings_modules(self):
        self.assertEqual(9, len(list(Path(self.made["app"]).glob("registrar/settings/*.py"))))

    def test_audit_rows_cannot_be_changed_removed_or_truncated(self):
        self.refused("UPDATE audit_trail SET description = 'x'")
        self.refused("DELETE FROM audit_trail")
        self.refused("TRUNCATE audit_trail CASCADE")

    def test_one_seed_gives_one_content(self):
        other = self.create("two")
        self.assertEqual(contents(self.made["database"]), contents(other["database"]))

    def test_damaged_audit_rows_are_found(self):
        made = self.create("damaged", "--rows", 3000)
        with admin(made["database"]) as connection:
            connection.execute("ALTER TABLE audit_trail DISABLE TRIGGER USER")
            connection.execute(
                "UPDATE audit_trail SET timestamp = date_trunc('milliseconds', timestamp)"
                " WHERE id IN (1, 2)"
            )
            connection.execute("UPDATE audit_trail SET user_id = user_id + 1 WHERE id = 65")
            connection.execute("UPDATE audit_trail SET object_id = '1' WHERE id = 66")
        report = edms("verify_audit", "--root", made["root"])
        self.assertEqual([1, 2, 65, 66], [problem["id"] for problem in report["examples"]])

    def test_renumbered_documents_are_found(self):
        made = self.create("renumbered")
        with admin(made["database"]) as connection:
            connection.execute(
                "UPDATE documents SET document_number = 'X-' || (3 - id) WHERE id IN (1, 2)"
            )
        self.assertEqual(60, edms("verify_audit", "--root", made["root"])["failed"])

    def test_the_probe_leaves_no_row_behind(self):
        before = contents(self.made["database"])
        self.assertTrue(edms("probe", "--root", self.made["root"])["ok"])
        self.assertEqual(before, contents(self.made["database"]))


class Environment(unittest.TestCase):
    def test_quotes_comments_and_blanks_are_read_as_meant(self):
        text = "# a\nA=1 # one\nB='x # y' # z\nC=\"q\"\nexport D = a#b \n\nE=\nF=\"a='b'\"\n"
        wanted = {"A": "1", "B": "x # y", "C": "q", "D": "a#b", "E": "", "F": "a='b'"}
        self.assertEqual(wanted, parse_env(text))


if __name__ == "__main__":
    unittest.main()
