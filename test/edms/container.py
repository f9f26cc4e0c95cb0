#!/usr/bin/env python3
"""The application's container: serves it, and stops and starts it as a file says that another container writes.

`wanted` in the shared folder holds "running N" or "stopped N"; `state` answers with the same words once it is so.
"""

import argparse
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

import instance  # noqa: E402  found beside this file, wherever it is called from
import service  # noqa: E402

POLL_SECONDS = 0.1


class Application:
    def __init__(self, root, port):
        self.app = instance.app_of(root)
        self.port = port
        self.process = None

    def is_running(self):
        return self.process is not None and self.process.poll() is None

    def start(self):
        """All addresses of the container: who may come in is the container network's matter."""
        (self.app / "logs").mkdir(exist_ok=True)
        arguments = ["--chdir", str(self.app), "--bind", f"0.0.0.0:{self.port}", "--workers", "2"]
        arguments += ["--access-logfile", str(self.app / "logs/access.log")]
        arguments += ["--worker-tmp-dir", "/dev/shm", "--no-control-socket"]
        command = [sys.executable, "-m", "gunicorn", *arguments, "registrar.wsgi:application"]
        self.process = subprocess.Popen(command)

    def stop(self):
        if self.is_running():
            self.process.terminate()
            self.process.wait()


def wish_of(folder):
    path = folder / "wanted"
    return path.read_text() if path.exists() else "running 0"


def say(folder, state):
    (folder / "state.new").write_text(state)
    (folder / "state.new").replace(folder / "state")


def obey(application, folder):
    """A server that died is started again, as long as nobody wants it stopped."""
    wish = wish_of(folder)
    if wish.startswith("stopped"):
        application.stop()
        say(folder, wish)
        return
    if not application.is_running():
        application.start()
    if service.is_well(application.port):
        say(folder, wish)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--root", required=True)
    parser.add_argument("--switch", required=True, type=Path)
    parser.add_argument("--port", type=int, default=8000)
    options = parser.parse_args()
    application = Application(options.root, options.port)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    os.environ.setdefault("PYTHONDONTWRITEBYTECODE", "1")
    try:
        while True:
            obey(application, options.switch)
            time.sleep(POLL_SECONDS)
    finally:
        application.stop()


if __name__ == "__main__":
    main()
