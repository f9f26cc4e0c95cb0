#!/usr/bin/env python3
"""Proves the judge: every harm of mutation_list.py done to a copy is found and named; every unharmed copy is found equal."""

import argparse
import json
import os
import sys
import time

from compare import compare
from mutation_list import CASES
from oracle import observe
from reference_system import ReferenceSystem

SECTIONS = ["database", "trees", "env", "documents", "logins", "commands"]


def grow_log(home):
    with open(home / "logs/app.log", "ab") as file:
        file.write(b"one line more\n")
    (home / "logs/new.log").write_bytes(b"")
    folder = os.stat(home / "logs")
    os.utime(home / "logs", ns=(folder.st_atime_ns, folder.st_mtime_ns))


# Copies that differ in what does not count: the place on the page, the way they were made, a log that went on, an own folder.
EQUALS = {
    "copied by template": lambda reference: reference.copy(),
    "copied by pg_dump and pg_restore": lambda reference: reference.copy(by_dump=True),
    "rows moved on their pages": lambda reference: (reference.copy(), reference.sql(
        "SET session_replication_role = replica; UPDATE people SET nick = nick WHERE id % 2 = 0; UPDATE events SET what = what WHERE id < 50; VACUUM;", reference.copy_db)),
    "log grown": lambda reference: (reference.copy(), grow_log(reference.copy_home)),
    "own folder at the top": lambda reference: (reference.copy(), (reference.copy_home / "storage/.holdfast/work").mkdir(parents=True)),
    "privilege written out": lambda reference: (reference.copy(), reference.sql("GRANT SELECT ON teams TO CURRENT_USER;", reference.copy_db)),
}


def prove(reference, say, wanted=None):
    before = observe(reference.describe(), SECTIONS, reference.pg_bin)
    if before["errors"]:
        raise SystemExit(f"the reference system cannot be observed: {before['errors']}")
    result = {"cases": 0, "found": 0, "missed": [], "not_applicable": [], "equals": 0, "false_alarms": 0, "alarms": []}
    for name, make in EQUALS.items():
        make(reference)
        judge_equal(reference, before, name, result)
        say(f"equal: {name}")
    for case in CASES:
        if wanted and wanted not in case.name:
            continue
        if case.root_only and os.geteuid() != 0:
            result["not_applicable"].append(case.name)
            continue
        judge_case(reference, before, case, result)
        say(f"harm: {case.name}")
    return result


def judge_equal(reference, before, name, result):
    after = observe(reference.describe(copy=True), SECTIONS, reference.pg_bin, since=before)
    verdict = compare(before, after)
    result["equals"] += 1
    if not verdict["ok"]:
        result["false_alarms"] += 1
        result["alarms"].append({"copy": name, "differences": verdict["differences"]})


def judge_case(reference, before, case, result):
    reference.copy()
    try:
        if callable(case.harm):
            case.harm(reference.copy_home)
        else:
            reference.sql(case.harm + ";", reference.copy_db)
        after = observe(reference.describe(copy=True), SECTIONS, reference.pg_bin, since=before)
    finally:
        if case.undo:
            reference.sql(case.undo + ";")
    verdict = compare(before, after)
    key = reference.fill(case.key)
    hits = [d for d in verdict["differences"] if d["area"] == case.area and key in d["key"]]
    result["cases"] += 1
    if hits and not verdict["ok"]:
        result["found"] += 1
    else:
        result["missed"].append({"case": case.name, "wanted": [case.area, key], "seen": [[d["area"], d["what"]] for d in verdict["differences"]][:20]})


def run(admin_url, work, pg_bin=None, say=lambda _: None, wanted=None):
    reference = ReferenceSystem(admin_url, work, pg_bin)
    started = time.monotonic()
    try:
        reference.build()
        result = prove(reference, say, wanted)
    finally:
        reference.drop()
    return {**result, "ok": not result["missed"] and not result["false_alarms"] and result["cases"] > 0, "seconds": round(time.monotonic() - started, 1)}


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--db-url", required=True, help="URL of a superuser's connection; databases and roles named oracle_* are made and dropped")
    parser.add_argument("--work", required=True, help="folder for the reference files and their copies")
    parser.add_argument("--pg-bin")
    parser.add_argument("--case", help="only the cases whose name contains this")
    parser.add_argument("--json", action="store_true", help="print only the result")
    options = parser.parse_args()
    say = (lambda _: None) if options.json else (lambda text: print(text, file=sys.stderr))
    result = run(options.db_url, options.work, options.pg_bin, say, options.case)
    print(json.dumps(result, indent=1))
    return 0 if result["ok"] else 1


if __name__ == "__main__":
    sys.exit(main())
