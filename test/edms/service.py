"""The served application as a process of this machine: started in the foreground or detached, and stopped."""

import fcntl
import os
import signal
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import instance

HERE = Path(__file__).resolve().parent
# A first start compiles the whole framework; two shared cores have taken 9 s for it.
START_SECONDS_MAX = 60
STOP_SECONDS_MAX = 20
POLL_SECONDS = 0.05


def become_server(root, *, port, workers):
    """The process that was started is the one to wait for."""
    app = instance.app_of(root)
    for folder in ("run", "logs"):
        (app / folder).mkdir(exist_ok=True)
    forget_old_pid(root)
    arguments = ["--chdir", str(app), "--bind", f"127.0.0.1:{port or port_of(root)}"]
    arguments += ["--workers", str(workers), "--pid", str(pid_file(root))]
    arguments += ["--access-logfile", str(app / "logs/access.log")]
    arguments += ["--error-logfile", str(app / "logs/gunicorn.log"), "--capture-output"]
    arguments += ["--no-control-socket"]
    command = [sys.executable, "-m", "gunicorn", *arguments, "registrar.wsgi:application"]
    os.execv(sys.executable, command)


def start_detached(root, *, port, workers):
    """Returns once the application answers that it is well. One that runs already is left alone."""
    running = running_pid(root)
    if running:
        return {"started": False, "running": True, "pid": running}
    port = port or port_of(root)
    arguments = ["serve", "--root", str(root), "--port", str(port), "--workers", str(workers)]
    process = subprocess.Popen(
        [sys.executable, str(HERE / "edms.py"), *arguments],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    deadline = time.monotonic() + START_SECONDS_MAX
    while process.poll() is None and time.monotonic() < deadline:
        if running_pid(root) == process.pid and is_well(port):
            return {"started": True, "running": True, "pid": process.pid}
        time.sleep(POLL_SECONDS)
    if process.poll() is None:
        process.terminate()
        process.wait()
    log = instance.app_of(root) / "logs/gunicorn.log"
    return {"started": False, "running": False, "problem": f"did not become well; see {log}"}


def stop(root):
    pid = running_pid(root)
    if pid is None:
        return {"stopped": False, "running": False, "problem": "not running"}
    os.kill(pid, signal.SIGTERM)
    deadline = time.monotonic() + STOP_SECONDS_MAX
    while is_running(pid) and time.monotonic() < deadline:
        time.sleep(POLL_SECONDS)
    running = is_running(pid)
    return {"stopped": not running, "running": running, "pid": pid}


def pause(root):
    """The background writer of an instance that has one finishes its step and rests; survives a restart."""
    run = instance.app_of(root) / "run"
    run.mkdir(exist_ok=True)
    (run / "paused").touch()
    with open(run / "still.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
    return {"paused": True}


def resume(root):
    (instance.app_of(root) / "run/paused").unlink(missing_ok=True)
    return {"paused": False}


def port_of(root):
    return int(instance.environment_of(root)["BACKEND_PORT"])


def is_well(port):
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/health", timeout=5) as answer:
            return answer.status == 200
    except OSError:
        return False


def pid_file(root):
    return instance.app_of(root) / "run/edms.pid"


def is_running(pid):
    try:
        os.kill(pid, 0)
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except (ProcessLookupError, FileNotFoundError):
        return False


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
