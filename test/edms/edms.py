#!/usr/bin/env python3
"""The reference EDMS: create, serve, stop, check and measure an instance. JSON on stdout."""

import argparse
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

import instance  # noqa: E402  found beside this file, wherever it is called from
import shape as shapes  # noqa: E402

STOP_SECONDS_MAX = 20


def say(report):
    print(json.dumps(report, ensure_ascii=False, default=str), flush=True)


def create(options):
    report = instance.create(options)
    measured = shapes.measure(instance.parse_env(Path(report["env_file"]).read_text()))
    say({**report, "rows": measured["rows"]})


def pid_file(root):
    return instance.app_of(root) / "run/edms.pid"


def serve(options):
    """Becomes the server: the process that was started is the one to wait for."""
    app = instance.app_of(options.root)
    port = options.port or int(instance.environment_of(options.root)["BACKEND_PORT"])
    (app / "run").mkdir(exist_ok=True)
    (app / "logs").mkdir(exist_ok=True)
    forget_old_pid(options.root)
    arguments = ["--chdir", str(app), "--bind", f"127.0.0.1:{port}"]
    arguments += ["--workers", str(options.workers), "--pid", str(pid_file(options.root))]
    arguments += ["--access-logfile", str(app / "logs/access.log")]
    arguments += ["--error-logfile", str(app / "logs/gunicorn.log"), "--capture-output"]
    arguments += ["--no-control-socket"]
    command = [sys.executable, "-m", "gunicorn", *arguments, "registrar.wsgi:application"]
    os.execv(sys.executable, command)


def is_running(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"


def is_ours(pid, app):
    """A process id may have been given to another since; its command line tells."""
    try:
        words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    except OSError:
        return False
    return str(app).encode() in words


def running_pid(root):
    path = pid_file(root)
    words = path.read_text().split() if path.exists() else []
    pid = int(words[0]) if words else None
    return pid if pid and is_ours(pid, instance.app_of(root)) else None


def forget_old_pid(root):
    """A pid file that came along with a copy or a restore names nobody, or a stranger."""
    if running_pid(root) is None:
        pid_file(root).unlink(missing_ok=True)


def stop(options):
    pid = running_pid(options.root)
    if pid is None:
        return say({"stopped": False, "problem": "not running"})
    os.kill(pid, signal.SIGTERM)
    deadline = time.monotonic() + STOP_SECONDS_MAX
    while is_running(pid) and time.monotonic() < deadline:
        time.sleep(0.05)
    stopped = not is_running(pid)
    say({"stopped": stopped, "pid": pid})
    sys.exit(0 if stopped else 1)


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
    parser.set_defaults(act=create)


def arguments():
    parser = argparse.ArgumentParser(description=__doc__)
    commands = parser.add_subparsers(required=True)
    add_create(commands)
    for name, act in {"serve": serve, "stop": stop, "check": check, "shape": shape}.items():
        command = commands.add_parser(name)
        command.add_argument("--root", required=True)
        command.set_defaults(act=act)
        if name == "serve":
            command.add_argument("--port", type=int)
            command.add_argument("--workers", type=int, default=2)
        if name == "shape":
            command.add_argument("--exact", action="store_true")
    for name in ("probe", "canary", "verify_audit", "verify_files", "beat_check"):
        command = commands.add_parser(name)
        command.add_argument("--root", required=True)
        command.set_defaults(act=manage, command=name)
    return parser.parse_args()


def main():
    options = arguments()
    options.act(options)


if __name__ == "__main__":
    main()
