"""The spiteful variant bites where it is meant to."""

import json
import shutil
import time
import unittest
from pathlib import Path

from test_work import free_port
from trial import WithInstances, admin, edms
from user import Client


class Spiteful(WithInstances):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.made = cls.create("spite", "--spiteful", "--port", free_port())
        cls.root = cls.made["root"]
        cls.app = Path(cls.made["app"])
        cls.addClassCleanup(edms, "stop", "--root", cls.root)
        cls.before = cls.rows("site_starts")
        cls.started = edms("serve", "--detach", "--root", cls.root)

    @classmethod
    def rows(cls, table):
        with admin(cls.made["database"]) as connection:
            return connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0]

    def checked(self):
        return edms("check", "--root", self.root)

    def harm(self, statement, undo):
        with admin(self.made["database"]) as connection:
            connection.execute(statement)
        self.addCleanup(self.undo, undo)

    def undo(self, statement):
        with admin(self.made["database"]) as connection:
            connection.execute(statement)

    def copy(self):
        """The application's folder elsewhere, as a restore beside the original would leave it."""
        root = self.folder / "copy"
        shutil.copytree(self.root, root, ignore=shutil.ignore_patterns("run"))
        self.addCleanup(shutil.rmtree, root)
        return root

    def test_it_finds_itself_sound_while_everything_moves(self):
        checked = self.checked()
        self.assertTrue(checked["ok"], checked)
        self.assertTrue(checked["site"]["ok"])

    def test_starting_wrote_one_start_a_lock_and_files(self):
        self.assertTrue(self.started["running"])
        self.assertEqual((0, 1), (self.before, self.rows("site_starts")))
        self.assertEqual(1, self.rows("site_locks"))
        for name in ("write.lock", "cache.json", "postings.bin"):
            self.assertTrue((self.app / "storage/index" / name).is_file(), name)

    def content(self):
        files = [self.app / living["file_path"] for living in self.made["living"]]
        return [path.read_bytes() for path in files]

    def index(self):
        return (self.app / "storage/index/postings.bin").read_bytes()

    def until(self, moved):
        """Polls for up to half a minute: how fast the writer is does not matter."""
        for _ in range(300):
            if moved():
                return True
            time.sleep(0.1)
        return False

    def test_index_and_documents_move_and_a_pause_stands_still(self):
        index, documents = self.index(), self.content()
        self.assertTrue(self.until(lambda: self.index() != index))
        self.assertTrue(self.until(lambda: self.content() != documents))
        self.assertEqual([60_000] * 4, [len(content) for content in self.content()])
        self.addCleanup(edms, "resume", "--root", self.root)
        self.assertTrue(edms("pause", "--root", self.root)["paused"])
        index, documents = self.index(), self.content()
        time.sleep(1.5)
        self.assertEqual((index, documents), (self.index(), self.content()))
        self.assertTrue(edms("verify_files", "--root", self.root)["ok"])

    def test_the_dead_key_of_the_environment_opens_no_session(self):
        settings = self.app / "storage/media/local_settings.json"
        away = settings.with_suffix(".away")
        settings.rename(away)
        self.addCleanup(away.rename, settings)
        checked = self.checked()
        self.assertFalse(checked["canary"]["secret_key"]["ok"])
        self.assertFalse(checked["site"]["ok"])

    def test_the_local_settings_outrank_the_process_environment(self):
        where = edms("where_am_i", "--root", self.root, environment={"DB_NAME": "elsewhere"})
        self.assertEqual(self.made["database"], where["reached"]["name"])
        self.assertEqual(["DATABASE.NAME"], where["strays"])

    def test_a_copy_that_still_reaches_the_original_is_noticed(self):
        copy = self.copy()
        where = edms("where_am_i", "--root", copy)
        roots = ["STORAGE_ROOT", "MEDIA_ROOT", "INDEX_ROOT", "SITE_MODULE"]
        self.assertEqual(roots, where["strays"])
        self.assertEqual(self.made["database"], where["reached"]["name"])
        self.assertFalse(edms("check", "--root", copy)["site"]["ok"])
        self.relocate(copy)
        self.assertEqual([], edms("where_am_i", "--root", copy)["strays"])

    def relocate(self, copy):
        settings = copy / "app/storage/media/local_settings.json"
        local = json.loads(settings.read_text())
        moved = {
            name: value.replace(self.root, str(copy)) if isinstance(value, str) else value
            for name, value in local.items()
        }
        settings.write_text(json.dumps(moved))

    def test_a_renumbered_relation_inside_json_is_found(self):
        with admin(self.made["database"]) as connection:
            query = "SELECT min(id) FROM documents WHERE metadata ? 'related'"
            (pk,) = connection.execute(query).fetchone()
        change = (
            "UPDATE documents SET metadata = jsonb_set(metadata, '{{related,0,id}}', '{}') "
            "WHERE id = {}"
        )
        self.harm(change.format(1, pk), change.format(pk + 1, pk))
        self.assertEqual(1, len(self.checked()["site"]["related"]))

    def test_a_repaired_sequence_is_found(self):
        sequence = "pg_get_serial_sequence('site_event_types', 'id')"
        with admin(self.made["database"]) as connection:
            query = "SELECT last_value FROM site_event_types_id_seq"
            (last,) = connection.execute(query).fetchone()
        self.harm(f"SELECT setval({sequence}, 1000000)", f"SELECT setval({sequence}, {last})")
        self.assertIsNotNone(self.checked()["site"]["insert"])

    def test_the_cycle_of_keys_is_followed(self):
        swap = "UPDATE shelves SET front_box_id = CASE id WHEN 1 THEN 2 WHEN 2 THEN 1 ELSE 3 END"
        self.harm(swap, "UPDATE shelves SET front_box_id = id")
        self.assertEqual([1, 2], self.checked()["site"]["shelves"])

    def test_related_documents_are_shown(self):
        author = next(user for user in self.made["users"] if user["username"] == "author")
        client = Client(f"http://127.0.0.1:{self.made['port']}", self.folder / "jar")
        client.login(author["username"], author["password"])
        first, second = self.made["living"][:2]
        shown = client.json(f"/documents/{first['uuid']}")
        self.assertEqual([second["uuid"]], [each["uuid"] for each in shown["related"]])


if __name__ == "__main__":
    unittest.main()
