#!/usr/bin/env python3
"""The reference EDMS: create, serve, stop, check and measure an instance. JSON on stdout."""

import argparse
import json
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

import instance  # noqa: E402  found beside this file, wherever it is called from
import service  # noqa: E402
import shape as shapes  # noqa: E402


REPORTS = ("probe", "canary", "verify_audit", "verify_files", "beat_check", "where_am_i")


def say(report):
    print(json.dumps(report, ensure_ascii=False, default=str), flush=True)


def create(options):
    report = instance.create(options)
    measured = shapes.measure(instance.parse_env(Path(report["env_file"]).read_text()))
    say({**report, "rows": measured["rows"]})


def serve(options):
    how = {"port": options.port, "workers": options.workers}
    if not options.detach:
        return service.become_server(options.root, **how)
    report = service.start_detached(options.root, **how)
    say(report)
    sys.exit(0 if report["running"] else 1)


def stop(options):
    report = service.stop(options.root)
    say(report)
    sys.exit(1 if report["running"] else 0)


def pause(options):
    say(service.pause(options.root))


def resume(options):
    say(service.resume(options.root))


def manage(options):
    """Runs one of the application's reports: selfcheck, verify_audit, probe and so on."""
    command = [sys.executable, str(instance.app_of(options.root) / "manage.py"), options.command]
    done = subprocess.run(command, check=False)
    sys.exit(done.returncode)


def check(options):
    options.command = "selfcheck"
    manage(options)


def shape(options):
    measured = shapes.measure(instance.environment_of(options.root))
    wrong = shapes.differences(measured, exact=options.exact)
    say({"ok": not wrong, "shape": measured, "differences": wrong})
    sys.exit(1 if wrong else 0)


def add_create(commands):
    parser = commands.add_parser("create")
    parser.add_argument("--root", required=True)
    parser.add_argument("--db-url", required=True)
    parser.add_argument("--app-role", default="edms_user")
    parser.add_argument("--app-password")
    parser.add_argument("--scale", choices=["seed", "small"], default="seed")
    parser.add_argument("--rows", type=int, default=0)
    parser.add_argument("--files", type=int, default=0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--port", type=int, default=8000)
    parser.add_argument("--spiteful", action="store_true")
    parser.set_defaults(act=create)


def arguments():
    parser = argparse.ArgumentParser(description=__doc__)
    commands = parser.add_subparsers(required=True)
    add_create(commands)
    acts = {"serve": serve, "stop": stop, "check": check, "shape": shape}
    for name, act in {**acts, "pause": pause, "resume": resume}.items():
        command = commands.add_parser(name)
        command.add_argument("--root", required=True)
        command.set_defaults(act=act)
        if name == "serve":
            command.add_argument("--port", type=int)
            command.add_argument("--workers", type=int, default=2)
            command.add_argument("--detach", action="store_true")
        if name == "shape":
            command.add_argument("--exact", action="store_true")
    for name in REPORTS:
        command = commands.add_parser(name)
        command.add_argument("--root", required=True)
        command.set_defaults(act=manage, command=name)
    return parser.parse_args()


def main():
    options = arguments()
    options.act(options)


if __name__ == "__main__":
    main()
