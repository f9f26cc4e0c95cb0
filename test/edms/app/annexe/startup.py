"""What starting leaves behind: rows (a lock, event types, a start) and files (a lock, a cache)."""

import atexit
import json
import os

from django.conf import settings
from django.db import connection
from django.utils import timezone

from annexe.models import SiteEventType, SiteLock, SiteStart
from annexe.still import take_lead
from annexe.writer import make_postings, start_writer
from library.models import Document

EVENT_TYPES = ("START", "INDEX", "OVERWRITE")


def write_rows():
    lock = {"holder": os.getpid(), "taken_at": timezone.now()}
    SiteLock.objects.update_or_create(name="index", defaults=lock)
    for code in EVENT_TYPES:
        SiteEventType.objects.get_or_create(code=code)
    SiteStart.objects.create(app_root=str(settings.BASE_DIR), pid=os.getpid())


def write_files():
    settings.INDEX_ROOT.mkdir(parents=True, exist_ok=True)
    (settings.INDEX_ROOT / "write.lock").write_text(f"{os.getpid()}\n")
    numbers = list(Document.objects.order_by("pk").values_list("document_number", flat=True))
    (settings.INDEX_ROOT / "cache.json").write_text(json.dumps(numbers))
    make_postings()


def start():
    """Of several workers one does it, and holds the lead until it ends."""
    lead = take_lead()
    if lead is None:
        return
    write_rows()
    write_files()
    connection.close()
    end = start_writer()
    atexit.register(lambda: (end(), lead.close()))
