"""Bulk imports send no signal for their rows: the code that imports says so itself."""

from contextlib import contextmanager

from holdfast_events import types
from holdfast_events.emit import emit, emit_later


@contextmanager
def bulk_import(name, *, backup_before=False):
    """Around an import: says when it is finished; with `backup_before` it begins only on a committed backup."""
    if backup_before:
        emit(types.IMPORT_PENDING, {"import": name}, wait=True)
    yield
    emit_later(types.IMPORT_FINISHED, {"import": name})
