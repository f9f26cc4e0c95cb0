"""A person can work in the reference EDMS over HTTP."""

import socket
import unittest

from trial import WithInstances, call, edms
from user import Client


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


class AtWork(WithInstances):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.made = cls.create("work", "--port", free_port())
        cls.url = f"http://127.0.0.1:{cls.made['port']}"
        cls.addClassCleanup(edms, "stop", "--root", cls.made["root"])
        cls.started = edms("serve", "--detach", "--root", cls.made["root"])
        cls.author = next(user for user in cls.made["users"] if user["username"] == "author")

    def work(self, name, **changed):
        who = {**self.author, **changed}
        access = ["--url", self.url, "--jar", self.jar(name), "--username", who["username"]]
        return call("user.py", "work", *access, "--password", who["password"])

    def jar(self, name):
        return self.folder / f"{name}.jar"

    def test_a_detached_start_may_be_asked_for_twice(self):
        self.assertTrue(self.started["started"])
        again = edms("serve", "--detach", "--root", self.made["root"])
        self.assertEqual((self.started["pid"], False), (again["pid"], again["started"]))

    def test_documents_are_uploaded_moved_on_and_read_back(self):
        done = self.work("day")
        self.assertEqual((0, 2), (done["exit"], len(done["documents"])))
        uuid = done["documents"][0]["uuid"]
        history = Client(self.url, self.jar("day")).json(f"/documents/{uuid}/history")
        self.assertEqual("PENDING_REVIEW", history["state"])
        opened = call("user.py", "open-all", "--url", self.url, "--jar", self.jar("day"))
        self.assertEqual((0, []), (opened["exit"], opened["wrong"]))
        self.assertGreaterEqual(opened["opened"], 4)
        self.assertTrue(edms("check", "--root", self.made["root"])["ok"])

    def test_it_has_the_shape_and_finds_itself_sound(self):
        self.assertEqual({}, edms("shape", "--root", self.made["root"])["differences"])
        self.assertTrue(edms("check", "--root", self.made["root"])["ok"])

    def test_a_wrong_password_is_refused(self):
        refused = self.work("stranger", password="not this one")
        self.assertEqual((1, 403), (refused["exit"], refused["status"]))

    def test_a_session_of_the_database_opens_the_door(self):
        self.work("session")
        who = call("user.py", "whoami", "--url", self.url, "--jar", self.jar("session"))
        self.assertEqual("author", who["username"])
        nobody = call("user.py", "whoami", "--url", self.url, "--jar", self.jar("empty"))
        self.assertEqual(401, nobody["status"])


if __name__ == "__main__":
    unittest.main()
