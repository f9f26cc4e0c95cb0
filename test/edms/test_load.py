"""The load of the reference EDMS follows from its seed, in the stated proportion, and is sharp too."""

import json
import unittest

from trial import WithInstances, admin, contents, edms


class LoadedRows(WithInstances):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        one = ("--rows", 1140, "--files", 6, "--seed", 7)
        cls.one, cls.same = cls.create("load", *one), cls.create("load_again", *one)
        cls.other = cls.create("other", "--rows", 2280, "--files", 6, "--seed", 8)

    def test_one_seed_gives_one_content_and_another_seed_another(self):
        made = (self.one, self.same, self.other)
        one, same, other = (contents(each["database"]) for each in made)
        self.assertEqual(one, same)
        self.assertNotEqual(one["documents"][:12], other["documents"][:12])
        self.assertTrue(edms("verify_files", "--root", self.one["root"])["ok"])

    def test_documents_versions_access_and_audit_rows_come_as_1_1_31_81(self):
        fewer, more = contents(self.one["database"]), contents(self.other["database"])
        tables = "documents document_versions document_access_logs audit_trail".split()
        added = [len(more[table]) - len(fewer[table]) for table in tables]
        self.assertEqual([10, 10, 310, 810], added)

    def test_damaged_audit_rows_are_found(self):
        statement = """
            ALTER TABLE audit_trail DISABLE TRIGGER USER;
            UPDATE audit_trail SET timestamp = date_trunc('milliseconds', timestamp) WHERE id < 3;
            UPDATE audit_trail SET user_id = user_id + 1 WHERE id = 65;
            UPDATE audit_trail SET object_id = '1' WHERE id = 66"""
        report = self.harmed(self.one, "verify_audit", statement)
        self.assertEqual([1, 2, 65, 66], [problem["id"] for problem in report["examples"]])

    def test_files_are_60_to_125_kilobytes(self):
        with admin(self.one["database"]) as connection:
            rows = connection.execute(
                "SELECT file_size FROM documents WHERE document_number ~ '^LD' AND file_path <> ''"
            ).fetchall()
        self.assertEqual(6, len(rows))
        self.assertTrue(all(60_000 <= size < 125_000 for (size,) in rows), json.dumps(rows))


if __name__ == "__main__":
    unittest.main()
