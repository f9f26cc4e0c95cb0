"""Says an event by the `holdfast` command: no messaging library enters the EDMS."""

import json
import logging
import os
import subprocess
import threading
import uuid

from django.db import transaction

from holdfast_events.config import read_config

log = logging.getLogger("holdfast_events")
# Publishing alone is quick; a request's thread is never the one that waits for it.
SAY_SECONDS_MAX = 60


class BackupMissing(Exception):
    """No committed backup: what waits for one must not go on."""


def emit(type, data=None, *, wait=False, event_id=None, timeout=None):
    """Says it now; with `wait`, returns once the backup that covers the event is committed.

    Raises BackupMissing with the command's own words. Returns the command's answer, or None where the
    project has no HOLDFAST_EVENTS.
    """
    config = read_config()
    if config is None:
        return None
    words = [config.DEPLOYMENT, type, "--id", event_id or str(uuid.uuid4()), "--source", config.SOURCE]
    words += ["--data", json.dumps(data or {}, default=str), "--json"]
    if wait:
        words += ["--wait", "--timeout", timeout or config.TIMEOUT]
    environment = dict(os.environ)
    if config.HOME:
        environment["HOLDFAST_HOME"] = str(config.HOME)
    try:
        done = subprocess.run(
            [*config.COMMAND, "emit", *words],
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            timeout=None if wait else SAY_SECONDS_MAX,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise BackupMissing(f"{config.COMMAND[0]} emit {type}: {error}") from error
    answer = last_object(done.stdout)
    if done.returncode != 0:
        raise BackupMissing(reason(type, done, answer))
    return answer


def emit_later(type, data=None):
    """Says it after the transaction was committed, beside the request; a failure is logged, for the work is done."""
    if read_config() is not None:
        transaction.on_commit(lambda: threading.Thread(target=say, args=(type, data)).start())


def say(type, data):
    try:
        emit(type, data)
    except BackupMissing as error:
        log.error("event not told: %s", error)


def last_object(text):
    lines = [line for line in text.splitlines() if line.startswith("{")]
    return json.loads(lines[-1]) if lines else {}


def reason(type, done, answer):
    error = answer.get("error") or (answer.get("run") or {}).get("error") or {}
    said = f"{error.get('code', '')} {error.get('message', '')} {error.get('remedy', '')}".strip()
    return f"holdfast emit {type} ended with {done.returncode}: {said or done.stderr.strip()[-500:]}"
