"""Where a document's bytes live. Two path conventions stand side by side in `file_path`."""

import hashlib
import os
from pathlib import Path

from django.conf import settings

FLAT = "flat"
NAMED = "named"
FLAT_PREFIX = "storage/documents/"
NAME_BYTES_MAX = 255


def clean_name(name):
    """The user's own name, less what no file system can hold."""
    for unfit in "/\r\n\0":
        name = name.replace(unfit, "_")
    name = name.strip() or "unnamed"
    if name in {".", ".."}:
        name = "unnamed"
    while len(name.encode()) > NAME_BYTES_MAX:
        name = name[1:]
    return name


def stored_path(convention, uuid, name):
    if convention == FLAT:
        return f"{FLAT_PREFIX}{uuid}{Path(name).suffix.lower()}"
    return f"documents/{uuid}/{name}"


def resolve(file_path):
    is_flat = file_path.startswith(FLAT_PREFIX)
    root = Path(settings.STORAGE_ROOT).parent if is_flat else settings.MEDIA_ROOT
    return Path(root) / file_path


def write_file(file_path, chunks):
    """Written straight under its final name, as the system always did; returns (size, sha256)."""
    target = resolve(file_path)
    target.parent.mkdir(parents=True, exist_ok=True)
    digest, size = hashlib.sha256(), 0
    with open(target, "wb") as out:
        for chunk in chunks:
            out.write(chunk)
            digest.update(chunk)
            size += len(chunk)
        out.flush()
        os.fsync(out.fileno())
    return size, digest.hexdigest()


def file_facts(path):
    digest = hashlib.sha256()
    with open(path, "rb") as source:
        for chunk in iter(lambda: source.read(1 << 20), b""):
            digest.update(chunk)
    return path.stat().st_size, digest.hexdigest()
