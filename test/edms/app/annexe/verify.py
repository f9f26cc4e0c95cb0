"""Whether a site with an annexe still is what it was, and still is itself."""

from django.conf import settings
from django.db import transaction

from annexe.models import SiteEventType, Shelf
from common.whereabouts import strays
from library.models import Document
from registrar.environment import text


def related_problems():
    """Ids inside JSON, which no constraint holds: each still names the document it was written for."""
    numbers = dict(Document.objects.values_list("pk", "document_number"))
    return [
        {"document": pk, "related": entry["id"]}
        for pk, metadata in Document.objects.values_list("pk", "metadata")
        for entry in metadata.get("related", [])
        if numbers.get(entry["id"]) != entry["document_number"]
    ]


def shelf_problems():
    """Shelf and front box name each other."""
    shelves = Shelf.objects.select_related("front_box")
    return [shelf.pk for shelf in shelves if shelf.front_box.shelf_id != shelf.pk]


def insert_problem():
    """A row with a hand-set id is far ahead of the sequence: an insert goes below it, and succeeds."""
    with transaction.atomic():
        highest = SiteEventType.objects.order_by("-pk").first()
        made = SiteEventType.objects.create(code="PROBE")
        transaction.set_rollback(True)
    return None if highest and made.pk < highest.pk else "no hand-set id is ahead of the sequence"


def key_problem():
    """The key of the environment signs nothing any more; the live one is the site's."""
    return "the dead key is in use" if settings.SECRET_KEY == text("SECRET_KEY") else None


def verify_site():
    """Settings, keys, relations and inserts of a site with an annexe; spends a sequence value."""
    parts = {
        "strays": strays(),
        "related": related_problems(),
        "shelves": shelf_problems(),
        "insert": insert_problem(),
        "secret_key": key_problem(),
    }
    return {"ok": not any(parts.values()), **parts}
