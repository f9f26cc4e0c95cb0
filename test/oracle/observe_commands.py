"""Runs what only the system itself can answer (is a migration pending? does the audit chain verify?) and tries logins."""

import hashlib
import json
import os
import subprocess

from observe_trees import read_env
from psql import find_tool


def observe_commands(commands):
    return {name: run(spec if isinstance(spec, dict) else {"argv": spec}) for name, spec in commands.items()}


def run(spec):
    try:
        done = subprocess.run(spec["argv"], cwd=spec.get("cwd"), env={**os.environ, **spec.get("env", {})},
                              stdin=subprocess.DEVNULL, capture_output=True, timeout=spec.get("timeout", 120))
    except (OSError, subprocess.TimeoutExpired) as failure:
        return {"exit": None, "error": str(failure)}
    seen = {"exit": done.returncode, "stdout_sha256": hashlib.sha256(done.stdout).hexdigest(),
            "stdout": done.stdout.decode("utf-8", "backslashreplace")[-2000:],
            "stderr": done.stderr.decode("utf-8", "backslashreplace")[-2000:]}
    try:
        seen["json"] = json.loads(done.stdout)
    except ValueError:
        pass
    return seen


def observe_logins(logins, pg_bin=None):
    """Does the password that lies in the environment file open the database? By libpq, as the application would."""
    return {login["name"]: try_login(login, pg_bin) for login in logins}


def try_login(login, pg_bin):
    env = dict(os.environ)
    argv = [find_tool("psql", pg_bin), "-X", "-w", "-At", "-c", "SELECT current_user"]
    if "conninfo" in login:
        argv += ["-d", login["conninfo"]]
    try:
        variables = read_env(login["env_file"]) if "env_file" in login else {}
    except OSError as failure:
        return {"ok": False, "user": None, "error": str(failure)}
    names = {"PGUSER": "DB_USER", "PGPASSWORD": "DB_PASSWORD", "PGHOST": "DB_HOST", "PGPORT": "DB_PORT", "PGDATABASE": "DB_NAME",
             **login.get("variables", {})}
    for target, source in names.items():
        if source in variables:
            env[target] = unquoted(variables[source].decode("utf-8", "surrogateescape"))
    env.update(login.get("override", {}))
    done = subprocess.run(argv, env=env, stdin=subprocess.DEVNULL, capture_output=True, timeout=30)
    ok = done.returncode == 0
    return {"ok": ok, "user": done.stdout.decode().strip() or None, "error": None if ok else done.stderr.decode("utf-8", "replace").strip()}


def unquoted(value):
    value = value.strip()
    return value[1:-1] if len(value) > 1 and value[0] == value[-1] and value[0] in "'\"" else value
