"""python3 -m unittest test_oracle: the pure rules, the HTTP section against a small server, and, on a real server, every mutation.

HOLDFAST_TEST_DB_URL must name a superuser's connection; without it the proof fails, because a proof that was skipped is none.
"""

import copy
import hashlib
import http.server
import json
import os
import subprocess
import sys
import tempfile
import threading
import unittest
from pathlib import Path

import mutations
from compare import compare, judge_sequences, settle
from observe_commands import observe_commands
from observe_database import digest_rows, normalise_schema
from observe_http import observe_http, save_jar
from observe_trees import escape, observe_tree
from psql import OracleError

HERE = Path(__file__).parent


class Digests(unittest.TestCase):
    def test_row_order_does_not_count_and_doubled_rows_do(self):
        rows = [b"1\ta\n", b"2\tb\n", b"2\tb\n"]
        self.assertEqual(digest_rows(rows), digest_rows(rows[::-1]))
        self.assertNotEqual(digest_rows(rows), digest_rows([b"1\ta\n", b"1\ta\n", b"2\tb\n"]))

    def test_names_are_escaped_without_loss(self):
        names = [b"a\xff", b"a\\xff", "ż".encode(), b"\n", b"\\"]
        self.assertEqual(len({escape(name) for name in names}), len(names))

    def test_a_loaded_dump_may_spell_an_array_cast_otherwise(self):
        first = "CHECK (((s)::text = ANY ((ARRAY['it''s'::character varying, 'b'::character varying])::text[])))"
        second = "CHECK (((s)::text = ANY (ARRAY[('it''s'::character varying)::text, ('b'::character varying)::text])))"
        self.assertEqual(settle(first), second)
        self.assertNotEqual(settle(first), settle(first.replace("'b'", "'c'")))

    def test_versions_and_order_of_a_schema_dump_do_not_count(self):
        one = "--\n-- Name: a; Type: TABLE\n--\n\nCREATE TABLE a();\n\n--\n-- Name: b; Type: TABLE\n--\n\nCREATE TABLE b();\n"
        two = "-- Dumped by pg_dump version 99\n\\restrict x\n--\n-- Name: b; Type: TABLE\n--\n\nCREATE TABLE b();\n\n--\n-- Name: a; Type: TABLE\n--\n\nCREATE TABLE a();\n"
        self.assertEqual(normalise_schema(one).strip(), normalise_schema(two).strip())


class SequenceRule(unittest.TestCase):
    def judge(self, old, new, rule, step="1"):
        def state(position):
            return {"s": {"increment": step, "next_value": str(position[0]), "is_called": position[1], "last_value": "", "collides": False}}
        return [d["what"] for d in judge_sequences(state(old), state(new), rule)]

    def test_never_lower_whatever_was_declared(self):
        self.assertTrue(self.judge((10, True), (9, True), "may_advance"))
        self.assertTrue(self.judge((-10, True), (-9, True), "may_advance", step="-1"))

    def test_ahead_only_where_declared(self):
        self.assertTrue(self.judge((10, True), (11, True), "equal"))
        self.assertFalse(self.judge((10, True), (11, True), "may_advance"))

    def test_never_used_stays_never_used(self):
        self.assertTrue(self.judge((1, False), (2, True), "may_advance"))


class Verdicts(unittest.TestCase):
    def test_nothing_compared_is_not_equal(self):
        self.assertFalse(compare({}, {})["ok"])

    def test_a_section_not_observed_again_is_a_difference(self):
        self.assertFalse(compare({"logins": {"a": {"ok": True}}}, {})["ok"])

    def test_an_error_of_the_observation_is_a_difference(self):
        seen = {"logins": {"a": {"ok": True}}, "errors": []}
        self.assertTrue(compare(seen, seen)["ok"])
        self.assertFalse(compare(seen, {**seen, "errors": ["database: gone"]})["ok"])

    def test_a_section_that_failed_on_both_sides_is_no_pass(self):
        seen = {"logins": {"a": {"ok": True}}, "errors": ["http: nobody there"]}
        self.assertFalse(compare(seen, seen)["ok"])
        self.assertTrue(compare(seen, seen, ["logins"])["ok"])

    def test_a_command_that_gave_no_answer_on_both_sides_is_no_pass(self):
        ran = {"commands": observe_commands({"yes": ["true"]})}
        self.assertTrue(compare(ran, ran)["ok"])
        for spec in (["/nowhere/program"], {"argv": ["sleep", "9"], "timeout": 0.01}):
            seen = {"commands": observe_commands({"yes": ["true"], "check": spec})}
            self.assertEqual({d["key"] for d in compare(seen, seen)["differences"]}, {"commands check"})

    def test_only_the_earlier_record_can_excuse_and_says_so(self):
        old, new = {"logins": {"a": {"ok": True}}}, {"logins": {"a": {"ok": False}}}
        declared = {"may_differ": [{"area": "logins", "key": "a", "reason": "no server here"}]}
        self.assertEqual(compare({**old, "declared": declared}, new)["excused"][0]["reason"], "no server here")
        self.assertFalse(compare(old, {**new, "declared": declared})["ok"])

    def test_times_of_a_tree_count_beyond_a_microsecond(self):
        with tempfile.TemporaryDirectory() as folder:
            tree = {"trees": {"t": observe_tree({"path": folder})}}
        def shifted(nanoseconds):
            later = copy.deepcopy(tree)
            entry = later["trees"]["t"]["entries"]["."]
            entry["mtime_ns"] = str(int(entry["mtime_ns"]) + nanoseconds)
            return compare(tree, later)["ok"]
        self.assertEqual([shifted(0), shifted(1000), shifted(1001), shifted(-1001)], [True, True, False, False])


class SmallSystem(http.server.BaseHTTPRequestHandler):
    """A system of two documents; class attributes are its state, so that a test can do harm to it."""
    healthy, sessions, password, permissions = 200, {"s1"}, "secret", ["review"]
    files = {"d1": b"one", "d2": b"two"}

    def answer(self, status, body=b"", cookie=None):
        self.send_response(status)
        if cookie:
            self.send_header("Set-Cookie", f"sessionid={cookie}; HttpOnly; Path=/")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_POST(self):
        given = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        fine = given == {"username": "ann", "password": self.password}
        self.answer(200 if fine else 401, b"{}", "s1" if fine else None)

    def do_GET(self):
        if self.path == "/health":
            return self.answer(self.healthy)
        if self.headers.get("Cookie", "").removeprefix("sessionid=") not in self.sessions:
            return self.answer(403)
        pages = {"/whoami": {"username": "ann"}, "/permissions": self.permissions, "/documents": [{"uuid": key} for key in self.files]}
        if self.path in pages:
            return self.answer(200, json.dumps(pages[self.path]).encode())
        key = self.path.split("/")[2]
        return self.answer(200, self.files[key]) if key in self.files else self.answer(404)

    def log_message(self, *_):
        pass


class Http(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.system = type("System", (SmallSystem,), {})
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), self.system)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.config = {"base": f"http://127.0.0.1:{self.server.server_port}", "username": "ann", "password": "secret", "jar": f"{self.folder.name}/jar"}
        self.rows = {key: {"row_sha256": hashlib.sha256(content).hexdigest()} for key, content in self.system.files.items()}
        save_jar(self.config)
        self.before = {"http": observe_http(self.config, self.rows)}

    def tearDown(self):
        self.server.shutdown()
        self.server.server_close()
        self.folder.cleanup()

    def harmed(self, **harm):
        for name, value in harm.items():
            setattr(self.system, name, value)
        return [[d["area"], d["key"], d["field"]] for d in compare(self.before, {"http": observe_http(self.config, self.rows)})["differences"]]

    def test_an_unharmed_system_is_equal(self):
        self.assertEqual(self.harmed(), [])
        self.assertEqual(self.before["http"]["old_session"], {"status": 200, "body": {"username": "ann"}})
        self.assertTrue(all(d["equals_row"] and d["listed"] for d in self.before["http"]["documents"].values()))

    def test_ill_health_is_found(self):
        self.assertEqual(self.harmed(healthy=503), [["http", "health", "status"]])

    def test_the_session_from_before_is_missed(self):
        self.assertIn(["http", "old_session", "status"], self.harmed(sessions=set()))

    def test_a_refused_login_is_found(self):
        self.assertIn(["http", "login", "status"], self.harmed(password="other"))

    def test_other_permissions_are_found(self):
        self.assertEqual(self.harmed(permissions=[]), [["http", "permissions", "body"]])

    def test_other_bytes_of_a_document_are_found(self):
        self.assertIn(["http.documents", "d1", "equals_row"], self.harmed(files={"d1": b"0ne", "d2": b"two"}))

    def test_a_document_that_is_no_longer_listed_is_found(self):
        self.assertIn(["http.documents", "d2", "listed"], self.harmed(files={"d1": b"one"}))

    def test_an_address_that_gives_no_answer_on_both_sides_is_no_pass(self):
        silent = copy.deepcopy(self.before)
        silent["http"]["permissions"].update(status=None, error="timed out")
        silent["http"]["documents"]["d1"].update(status=None)
        keys = {d["key"] for d in compare(silent, silent)["differences"]}
        self.assertEqual(keys, {"http permissions", "http.documents d1"})

    def test_nobody_there_is_an_error_not_a_record(self):
        with self.assertRaises(OracleError):
            observe_http({**self.config, "base": "http://127.0.0.1:9"}, {})


class CommandLine(unittest.TestCase):
    def call(self, *argv):
        done = subprocess.run([sys.executable, HERE / "oracle.py", *map(str, argv)], capture_output=True, text=True)
        return done.returncode, json.loads(done.stdout)

    def test_observe_and_compare_speak_json_and_exit_codes(self):
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            (folder / "tree").mkdir()
            (folder / "tree/file").write_text("one")
            (folder / "system.json").write_text(json.dumps({"trees": [{"name": "t", "path": str(folder / "tree")}]}))
            self.assertEqual(self.call("freeze", "--system", folder / "system.json", "--out", folder / "a.json")[0], 0)
            against = ("compare", "--before", folder / "a.json", "--system", folder / "system.json")
            self.assertEqual(self.call(*against)[0], 0)
            (folder / "tree/file").write_text("two")
            code, verdict = self.call(*against, "--out", folder / "diff.json")
            self.assertEqual((code, verdict["ok"], verdict["differences"][0]["area"]), (1, False, "trees.t"))
            self.assertEqual(json.loads((folder / "diff.json").read_text()), verdict)

    def test_an_unknown_key_of_the_description_is_refused(self):
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "system.json"
            path.write_text('{"tree": []}')
            code, answer = self.call("observe", "--system", path, "--out", Path(folder) / "a.json")
            self.assertEqual((code, answer["ok"]), (2, False))


    def test_a_database_that_is_not_there_is_said_and_not_equal(self):
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "system.json"
            path.write_text(json.dumps({"database": f"postgresql://nobody@/none?host={folder}"}))
            code, answer = self.call("observe", "--system", path, "--out", Path(folder) / "a.json")
            self.assertEqual(code, 2)
            self.assertIn("connection to server", answer["errors"][0])
            self.assertEqual(self.call("compare", "--before", Path(folder) / "a.json", "--after", Path(folder) / "a.json")[0], 1)


class Proof(unittest.TestCase):
    def test_every_mutation_is_found_and_no_equal_copy_is_blamed(self):
        url = os.environ.get("HOLDFAST_TEST_DB_URL")
        self.assertTrue(url, "HOLDFAST_TEST_DB_URL is not set: the mutation proof needs a PostgreSQL superuser connection")
        with tempfile.TemporaryDirectory() as folder:
            result = mutations.run(url, folder)
        self.assertTrue(result["ok"], json.dumps(result, indent=1))
        self.assertGreaterEqual(result["found"], 35)


if __name__ == "__main__":
    unittest.main()
