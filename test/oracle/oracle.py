#!/usr/bin/env python3
"""The oracle: writes down a living system, and judges whether two such records tell of the same one. See README.md."""

import argparse
import json
import os
import sys
from datetime import datetime, timezone

from compare import SECTIONS, compare
from faults import faults
from observe_commands import observe_commands, observe_logins
from observe_database import observe_database
from observe_http import observe_http, save_jar
from observe_trees import observe_documents, observe_env_file, observe_tree
from psql import OracleError

FORMAT = "oracle-state/1"
KNOWN = {"database", "roots", "trees", "logs", "env_files", "documents", "logins", "commands", "http", "facts",
         "volatile", "ignore_columns", "sequences", "may_differ", "name"}
DECLARATIONS = ("volatile", "ignore_columns", "sequences", "may_differ")


def read_system(path):
    with open(path, encoding="utf-8") as file:
        system = json.load(file)
    unknown = sorted(set(system) - KNOWN)
    if unknown:
        raise OracleError(f"{path}: unknown keys {unknown}; known are {sorted(KNOWN)}")
    for rule in system.get("may_differ", []):
        if not rule.get("area") or not rule.get("reason"):
            raise OracleError(f"{path}: a may_differ rule needs an area and a reason: {rule}")
    return system


def trees_of(system):
    """roots, trees and logs are one thing; what is in logs may only have grown."""
    trees = [*system.get("roots", []), *system.get("trees", []), *({"append_only": True, **log} for log in system.get("logs", []))]
    return named(trees, "tree")


def env_files_of(system):
    files = [file if isinstance(file, dict) else {"name": os.path.basename(file), "path": file} for file in system.get("env_files", [])]
    return named(files, "environment file")


def named(items, noun):
    by_name = {item["name"]: item for item in items}
    if len(by_name) != len(items):
        raise OracleError(f"two entries of the kind {noun} have one name; give each its own")
    return by_name


def sections_of(system, options):
    """What is asked for: the sections the system declares, less what the options leave out."""
    declared = {"database": "database" in system, "trees": bool(trees_of(system)), "env": bool(system.get("env_files")),
                "documents": bool(system.get("documents")), "logins": bool(system.get("logins")),
                "commands": bool(system.get("commands")), "http": bool(system.get("http"))}
    return [name for name in SECTIONS if declared[name] and name in chosen(options)]


def chosen(options):
    if options.http_only:
        return ["http"]
    wanted = options.only.split(",") if options.only else SECTIONS
    if set(wanted) - set(SECTIONS):
        raise OracleError(f"--only {options.only}: known are {','.join(SECTIONS)}")
    left_out = {"http"} if options.no_http else set()
    left_out |= {"commands"} if options.no_commands else set()
    return [name for name in SECTIONS if name in wanted and name not in left_out]


def observe(system, sections, pg_bin=None, since=None):
    """A section that cannot be observed is an error in the record, and a record with errors is never judged equal."""
    state = {"format": FORMAT, "observed_at": datetime.now(timezone.utc).isoformat(), "name": system.get("name"),
             "declared": {key: system[key] for key in DECLARATIONS if key in system}, "errors": []}
    earlier = (since or {}).get("trees", {})
    look = {
        "database": lambda: observe_database(system, pg_bin),
        "trees": lambda: {name: observe_tree(tree, earlier.get(name)) for name, tree in trees_of(system).items()},
        "env": lambda: {name: observe_env_file(file["path"]) for name, file in env_files_of(system).items()},
        "documents": lambda: observe_documents(system, pg_bin),
        "logins": lambda: observe_logins(system["logins"], pg_bin),
        "commands": lambda: observe_commands(system["commands"]),
        "http": lambda: observe_http(system["http"], rows_by_http_key(system, state, pg_bin)),
    }
    for section in sections:
        try:
            state[section] = look[section]()
        except (OracleError, OSError) as failure:
            state["errors"].append(f"{section}: {failure}")
    return state


def rows_by_http_key(system, state, pg_bin):
    if not any(source.get("http_key") for source in system.get("documents", [])):
        return {}
    sources = state["documents"] if "documents" in state else observe_documents(system, pg_bin)
    return {str(row["http_key"]): row for rows in sources.values() for row in rows.values() if row["http_key"] and row["path"]}


def read_state(path):
    with open(path, encoding="utf-8") as file:
        state = json.load(file)
    if state.get("format") != FORMAT:
        raise OracleError(f"{path}: not a record of the form {FORMAT}")
    return state


def write_json(path, value):
    """Whole or not at all; readable by the owner only, because digests of short secrets can be guessed."""
    with open(os.open(path + ".tmp", os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
        json.dump(value, file, indent=1, sort_keys=True)
        file.flush()
        os.fsync(file.fileno())
    os.replace(path + ".tmp", path)


def run_observe(options):
    system = read_system(options.system)
    since = read_state(options.since) if options.since else None
    state = observe(system, sections_of(system, options), options.pg_bin, since)
    write_json(options.out, state)
    print(json.dumps({"ok": not state["errors"], "out": options.out, "sections": [s for s in SECTIONS if s in state],
                      "faults": faults(state), "errors": state["errors"]}))
    return 0 if not state["errors"] else 2


def run_compare(options):
    before = read_state(options.before)
    if options.system:
        system = read_system(options.system)
        after = observe(system, sections_of(system, options), options.pg_bin, before)
        if options.after:
            write_json(options.after, after)
    else:
        after = read_state(options.after)
    verdict = compare(before, after, chosen(options))
    if options.out:
        write_json(options.out, verdict)
    print(json.dumps(verdict, indent=1))
    return 0 if verdict["ok"] else 1


def run_login(options):
    print(json.dumps(save_jar(read_system(options.system)["http"])))
    return 0


def parse_options(argv):
    parser = argparse.ArgumentParser(prog="oracle.py", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    for names, run in ((["observe", "freeze"], run_observe), (["compare"], run_compare), (["login"], run_login)):
        command = commands.add_parser(names[0], aliases=names[1:])
        command.set_defaults(run=run)
        command.add_argument("--system", required=run is not run_compare)
        if run is run_login:
            continue
        command.add_argument("--out", required=run is run_observe)
        command.add_argument("--pg-bin", help="folder of psql and pg_dump; else PG_BIN, else PATH")
        command.add_argument("--only", help="sections, comma-separated: " + ",".join(SECTIONS))
        command.add_argument("--no-http", action="store_true")
        command.add_argument("--http-only", action="store_true")
        command.add_argument("--no-commands", action="store_true")
        if run is run_observe:
            command.add_argument("--since", help="the earlier record, so that files that may grow are judged by their old length")
        else:
            command.add_argument("--before", required=True)
            command.add_argument("--after", help="the later record; with --system it is made (and written here, if given)")
    options = parser.parse_args(argv)
    if options.command == "compare" and not (options.after or options.system):
        parser.error("compare needs --after or --system")
    return options


def main(argv=None):
    options = parse_options(argv)
    try:
        return options.run(options)
    except (OracleError, OSError, KeyError, ValueError) as failure:
        print(json.dumps({"ok": False, "error": f"{type(failure).__name__}: {failure}"}))
        return 2


if __name__ == "__main__":
    sys.exit(main())
