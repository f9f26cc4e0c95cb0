"""The reference EDMS has the shape and the sharp edges it is meant to have.

Needs EDMS_ADMIN_URL, an administrator's URL of a scratch server.
    EDMS_ADMIN_URL='postgresql://admin@127.0.0.1:5432/' python -m unittest test_shape -v
"""

import stat
import unittest
from pathlib import Path

import psycopg

import shape
from instance import parse_env
from trial import WithInstances, contents, edms


class SeedState(WithInstances):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.made = cls.create("one")

    def refused(self, statement):
        with shape.connect(self.environment(self.made)) as connection:
            with self.assertRaisesRegex(psycopg.Error, "append-only"):
                connection.execute(statement)
            connection.rollback()

    def test_every_figure_of_the_seed_state_is_met(self):
        self.assertEqual({}, shape.differences(self.measure(self.made), exact=True))

    def test_the_instance_finds_itself_sound(self):
        self.assertTrue(edms("check", "--root", self.made["root"])["ok"])

    def test_nothing_of_the_spiteful_variant_is_in_it(self):
        self.assertNotIn("site", edms("check", "--root", self.made["root"]))
        where = edms("where_am_i", "--root", self.made["root"])
        self.assertEqual(self.made["database"], where["reached"]["name"])
        self.assertEqual(([], {}), (where["strays"], where["starts"]))
        self.assertIsNone(where["process"]["local_settings"])

    def test_the_environment_is_836_private_bytes(self):
        facts = Path(self.made["env_file"]).stat()
        self.assertEqual((836, 0o600), (facts.st_size, stat.S_IMODE(facts.st_mode)))
        self.assertEqual(24, len(self.environment(self.made)))

    def test_there_are_nine_settings_modules(self):
        self.assertEqual(9, len(list(Path(self.made["app"]).glob("registrar/settings/*.py"))))

    def test_audit_rows_cannot_be_changed_removed_or_truncated(self):
        self.refused("UPDATE audit_trail SET description = 'x'")
        self.refused("DELETE FROM audit_trail")
        self.refused("TRUNCATE audit_trail CASCADE")

    def test_renumbered_documents_are_found(self):
        statement = "UPDATE documents SET document_number = 'X-' || (3 - id) WHERE id IN (1, 2)"
        self.assertEqual(60, self.harmed(self.made, "verify_audit", statement)["failed"])

    def test_a_lost_migration_row_is_found(self):
        statement = "DELETE FROM django_migrations WHERE app = 'people' AND name ~ '^0004'"
        self.assertFalse(self.harmed(self.made, "check", statement)["migrate"]["ok"])

    def test_a_lost_schedule_is_found(self):
        statement = "UPDATE django_celery_beat_periodictask SET enabled = false"
        self.assertFalse(self.harmed(self.made, "beat_check", statement)["ok"])

    def test_another_master_key_is_found(self):
        key = self.environment(self.made)["EDMS_MASTER_KEY"]
        other = {"EDMS_MASTER_KEY": key[1] + key[0] + key[2:]}
        self.assertFalse(edms("canary", "--root", self.made["root"], environment=other)["ok"])

    def test_a_lost_file_is_found(self):
        storage = Path(self.made["app"]) / "storage"
        self.addCleanup(storage.with_name("away").rename, storage)
        storage.rename(storage.with_name("away"))
        self.assertFalse(edms("verify_files", "--root", self.made["root"])["ok"])

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
