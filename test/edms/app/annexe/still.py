"""One lock between the background writer and whoever needs a system that stands still."""

import fcntl
from contextlib import contextmanager

from registrar.environment import APP_ROOT

RUN = APP_ROOT / "run"
PAUSED = RUN / "paused"


@contextmanager
def still():
    """Nothing is half written while it is held."""
    RUN.mkdir(exist_ok=True)
    with open(RUN / "still.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def take_lead():
    """The lock of the one worker that starts things, held as long as the result is; None for all others."""
    RUN.mkdir(exist_ok=True)
    lock = open(RUN / "leader.lock", "w")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        lock.close()
        return None
    return lock
