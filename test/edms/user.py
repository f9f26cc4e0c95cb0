#!/usr/bin/env python3
"""A person at work over HTTP: logs in, uploads, moves a document on, reads everything back."""

import argparse
import base64
import hashlib
import http.cookiejar
import json
import random
import sys
import urllib.error
import urllib.request
from pathlib import Path

TIMEOUT_SECONDS = 60
PAGE = 500
NAMES = [
    "Protokoll Nº {n} – Anlage.txt",
    'it\'s "{n}" & more 100%.txt',
    "  spaced  {n}  .txt",
    "報告 {n}.txt",
]
FLAT, NAMED = "flat", "named"
SIZE = (1_000, 60_000)
WORDS = "record review audit batch sample label method limit change approve retain issue".split()


class Client:
    def __init__(self, url, jar):
        self.url = url.rstrip("/")
        self.jar = http.cookiejar.MozillaCookieJar(jar)
        if Path(jar).exists():
            self.jar.load(ignore_discard=True, ignore_expires=True)
        handler = urllib.request.HTTPCookieProcessor(self.jar)
        self.opener = urllib.request.build_opener(handler)

    def open(self, path, body=None):
        request = urllib.request.Request(self.url + path)
        if body is not None:
            request.data = json.dumps(body).encode()
            request.add_header("Content-Type", "application/json")
        return self.opener.open(request, timeout=TIMEOUT_SECONDS)

    def json(self, path, body=None):
        with self.open(path, body) as answer:
            return json.load(answer)

    def login(self, username, password):
        who = self.json("/login", {"username": username, "password": password})
        Path(self.jar.filename).touch(mode=0o600)
        self.jar.save(ignore_discard=True, ignore_expires=True)
        return who

    def documents(self):
        after = 0
        while after is not None:
            page = self.json(f"/documents?after={after}&limit={PAGE}")
            yield from page["documents"]
            after = page["next"]

    def digest(self, uuid):
        digest, size = hashlib.sha256(), 0
        with self.open(f"/documents/{uuid}/content") as answer:
            for chunk in iter(lambda: answer.read(1 << 16), b""):
                digest.update(chunk)
                size += len(chunk)
        return size, digest.hexdigest()


def content_of(rng):
    text = " ".join(rng.choices(WORDS, k=rng.randrange(*SIZE) // 8))
    return f"{rng.getrandbits(64):016x} {text}\n".encode()


def upload(client, rng, index):
    content = content_of(rng)
    answer = client.json(
        "/documents",
        {
            "title": f"Work {index}",
            "file_name": NAMES[index // 2 % len(NAMES)].format(n=index),
            "content_base64": base64.b64encode(content).decode(),
            "convention": (FLAT, NAMED)[index % 2],
        },
    )
    if answer["sha256"] != hashlib.sha256(content).hexdigest():
        raise SystemExit(f"document {answer['uuid']} was stored with another digest")
    return answer


def work(options):
    client = Client(options.url, options.jar)
    who = client.login(options.username, options.password)
    rng = random.Random(options.seed)
    documents = [upload(client, rng, index) for index in range(options.documents)]
    transition = None
    if documents:
        path = f"/documents/{documents[0]['uuid']}/transition"
        transition = client.json(path, {"to_state": "PENDING_REVIEW", "comment": "please review"})
    return {"ok": True, "user": who, "documents": documents, "transition": transition}


def get(path):
    def ask(options):
        return {"ok": True, **Client(options.url, options.jar).json(path)}

    return ask


def problem_of(client, document):
    try:
        size, digest = client.digest(document["uuid"])
    except urllib.error.HTTPError as refusal:
        return f"HTTP {refusal.code}"
    return None if (size, digest) == (document["size"], document["sha256"]) else "differs"


def open_all(options):
    """Documents whose row names no file are counted apart: there is nothing to open."""
    client = Client(options.url, options.jar)
    listed = list(client.documents())
    with_file = [document for document in listed if document["file_path"]]
    wrong = []
    for document in with_file:
        problem = problem_of(client, document)
        if problem:
            wrong.append({"uuid": document["uuid"], "problem": problem})
    return {
        "ok": not wrong,
        "listed": len(listed),
        "opened": len(with_file) - len(wrong),
        "without_file": len(listed) - len(with_file),
        "wrong": wrong,
    }


def arguments():
    parser = argparse.ArgumentParser(description=__doc__)
    commands = parser.add_subparsers(required=True)
    acts = {
        "work": work,
        "whoami": get("/whoami"),
        "permissions": get("/permissions"),
        "open-all": open_all,
    }
    for name, act in acts.items():
        command = commands.add_parser(name)
        command.add_argument("--url", required=True)
        command.add_argument("--jar", required=True)
        command.set_defaults(act=act)
        if name == "work":
            command.add_argument("--username", required=True)
            command.add_argument("--password", required=True)
            command.add_argument("--seed", type=int, default=1)
            command.add_argument("--documents", type=int, default=2)
    return parser.parse_args()


def act_or_explain(options):
    try:
        return options.act(options)
    except urllib.error.HTTPError as refusal:
        said = refusal.read().decode(errors="replace")[:500]
        return {"ok": False, "status": refusal.code, "said": said}
    except urllib.error.URLError as failure:
        return {"ok": False, "status": None, "said": str(failure.reason)}


def main():
    options = arguments()
    report = act_or_explain(options)
    print(json.dumps(report, ensure_ascii=False))
    sys.exit(0 if report["ok"] else 1)


if __name__ == "__main__":
    main()
