"""Writes in the background: a search index that never rests, documents overwritten where they lie."""

import hashlib
import json
import logging
import os
import random
import threading

from django.conf import settings
from django.db import DatabaseError, connection

from annexe.still import PAUSED, still
from library.files import resolve
from library.models import Document

log = logging.getLogger("edms.annexe")
TICK_SECONDS = 0.05
TICKS_PER_OVERWRITE = 20
TICKS_PER_SEGMENT = 40
SEGMENTS_KEPT = 3
ENTRY_BYTES = 4096
POSTINGS_BYTES = 4 << 20


def living_documents():
    return Document.objects.filter(metadata__living=True).order_by("pk")


def make_postings():
    postings = settings.INDEX_ROOT / "postings.bin"
    if not postings.exists():
        postings.write_bytes(os.urandom(POSTINGS_BYTES))


def write_index(tick):
    root, number = settings.INDEX_ROOT, tick // TICKS_PER_SEGMENT
    with open(root / f"segment-{number:06d}.idx", "ab") as segment:
        segment.write(os.urandom(ENTRY_BYTES))
    with open(root / "postings.bin", "r+b") as postings:
        postings.seek(random.randrange(POSTINGS_BYTES - ENTRY_BYTES))
        postings.write(os.urandom(ENTRY_BYTES))
    segments = sorted(root.glob("segment-*.idx"))
    for old in segments[:-SEGMENTS_KEPT]:
        old.unlink()
    names = [segment.name for segment in segments[-SEGMENTS_KEPT:]]
    (root / "manifest.json").write_text(json.dumps({"tick": tick, "segments": names}))


def overwrite(document, stop):
    """Other content of the same size, in place; the row learns of it a moment later."""
    content = os.urandom(document.file_size // 2).hex().encode().ljust(document.file_size, b"\n")
    with open(resolve(document.file_path), "r+b") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    stop.wait(TICK_SECONDS)
    digest = hashlib.sha256(content).hexdigest()
    Document.objects.filter(pk=document.pk).update(file_checksum=digest)


def step(tick, stop):
    write_index(tick)
    if tick % TICKS_PER_OVERWRITE == 0:
        living = list(living_documents())
        overwrite(living[tick // TICKS_PER_OVERWRITE % len(living)], stop)
        connection.close()


def write_on(stop):
    tick = 0
    while not stop.wait(TICK_SECONDS):
        with still():
            if PAUSED.exists():
                continue
            tick += 1
            try:
                step(tick, stop)
            except (DatabaseError, OSError):
                log.exception("the background writer goes on after a failure")
                connection.close()


def start_writer():
    """Returns what ends it; a step that has begun is then finished first."""
    stop = threading.Event()
    thread = threading.Thread(target=write_on, args=[stop], daemon=True)
    thread.start()

    def end():
        stop.set()
        thread.join()

    return end
