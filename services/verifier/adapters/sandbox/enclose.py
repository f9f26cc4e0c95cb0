"""Runs an application where only its restored copy can be reached. Called inside fresh network, mount and process
namespaces with the order as JSON on standard input; answers with JSON on standard output. Standard library only."""

import ctypes
import fcntl
import json
import os
import shutil
import socket
import struct
import subprocess
import sys
import time
import urllib.error
import urllib.request

MS_RDONLY, MS_NOSUID, MS_NODEV, MS_BIND, MS_REC, MS_PRIVATE = 1, 2, 4, 0x1000, 0x4000, 0x40000
PR_CAPBSET_DROP, PR_SET_NO_NEW_PRIVS = 24, 38
# Own files, other users' files, signals to own processes, becoming another user, low ports: nothing that leaves a namespace.
KEPT_CAPABILITIES = {0, 1, 3, 4, 5, 6, 7, 10}
COMMAND_SECONDS = 600
SERVE_SECONDS = 60
SAID_MAX = 400

libc = ctypes.CDLL(None, use_errno=True)


def mount(source, target, kind, flags):
    text = [None if value is None else os.fsencode(value) for value in (source, target, kind)]
    if libc.mount(*text, ctypes.c_ulong(flags), None) != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"mount {target}: {os.strerror(number)}")


def raise_loopback():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
        request = struct.pack("16sh", b"lo", 0x1 | 0x40)
        fcntl.ioctl(control.fileno(), 0x8914, request)


def enclose(order):
    """Restored places lie over the original ones, local sockets of the machine are hidden, and nothing takes it back."""
    raise_loopback()
    mount(None, "/", None, MS_REC | MS_PRIVATE)
    for folder in order["hide"]:
        if os.path.isdir(folder):
            mount("tmpfs", folder, "tmpfs", MS_NOSUID | MS_NODEV)
    for place in order["mounts"]:
        mount(place["from"], place["over"], None, MS_BIND | MS_REC)
    for capability in range(64):
        if capability not in KEPT_CAPABILITIES:
            libc.prctl(PR_CAPBSET_DROP, capability, 0, 0, 0)
    if libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "privileges could not be given up")


def probe(target):
    """Tries to reach what must not be reachable."""
    try:
        if "path" in target:
            with socket.socket(socket.AF_UNIX) as client:
                client.settimeout(5)
                client.connect(target["path"])
        else:
            socket.create_connection((target["host"], target["port"]), timeout=5).close()
        return {**target, "reached": True, "said": "connected"}
    except OSError as error:
        return {**target, "reached": False, "said": error.strerror or str(error)}


def last_line(text):
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1][-SAID_MAX:] if lines else ""


def run(argv, order):
    try:
        done = subprocess.run(
            argv,
            cwd=order["folder"],
            env=order["environment"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=COMMAND_SECONDS,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return {"exit": -1, "said": str(error)[:SAID_MAX]}
    return {"exit": done.returncode, "said": last_line(done.stdout.decode("utf-8", "replace"))}


def status_of(url, is_up):
    deadline = time.monotonic() + SERVE_SECONDS
    while True:
        try:
            return urllib.request.urlopen(url, timeout=10).status
        except urllib.error.HTTPError as error:
            return error.code
        except OSError:
            if time.monotonic() > deadline or not is_up():
                return 0
            time.sleep(0.2)


def ask_served(order):
    if not order["pages"]:
        return []
    with open(order["serveLog"], "wb") as log:
        try:
            server = subprocess.Popen(
                order["serve"],
                cwd=order["folder"],
                env=order["environment"],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        except OSError as error:
            return [{"status": 0, "said": str(error)} for _ in order["pages"]]
        statuses = [status_of(url, lambda: server.poll() is None) for url in order["pages"]]
        server.kill()
        server.wait()
    with open(order["serveLog"], encoding="utf-8", errors="replace") as log:
        said = last_line(log.read())
    return [{"status": status, "said": said} for status in statuses]


def main():
    order = json.load(sys.stdin)
    try:
        enclose(order)
    except OSError as error:
        return {"enclosed": False, "reason": str(error)}
    answer = {"enclosed": True, "probes": [probe(target) for target in order["forbidden"]]}
    if any(seen["reached"] for seen in answer["probes"]):
        return answer
    answer["programs"] = {name: shutil.which(name, path=order["environment"]["PATH"]) for name in order["programs"]}
    answer["commands"] = [run(argv, order) for argv in order["commands"]]
    answer["pages"] = ask_served(order)
    return answer


if __name__ == "__main__":
    json.dump(main(), sys.stdout)
