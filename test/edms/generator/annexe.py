"""What `--spiteful` adds: documents overwritten in place, ids in JSON, a cycle of keys, an id set by hand."""

from django.db import connection

from annexe.models import Box, Shelf, SiteEventType
from generator.seed import make_documents, make_workflow
from library.files import FLAT
from library.models import Document, DocumentVersion

LIVING = 4
LIVING_BYTES = 60_000
# After the seed state's and the small scale's documents.
FIRST_NUMBER = 901
HAND_SET_ID = 1_000_000


def make_living(seeder, users):
    """Registers that are kept by overwriting: their versions name no file, for there is only the newest."""
    files = [(LIVING_BYTES, "txt", FLAT, f"Register {n}.txt") for n in range(LIVING)]
    documents = make_documents(seeder, users, files=files, first=FIRST_NUMBER)
    for document in documents:
        make_workflow(seeder, document, users, [])
    none = {"file_path": "", "file_checksum": "", "file_size": None}
    DocumentVersion.objects.filter(document__in=documents).update(**none)
    return documents


def relate(documents):
    """Each names the one after it by its id, inside JSON."""
    for document, other in zip(documents, [*documents[1:], documents[0]], strict=True):
        related = [{"id": other.pk, "document_number": other.document_number}]
        metadata = {"living": True, "related": related}
        Document.objects.filter(pk=document.pk).update(metadata=metadata)


def next_id(table):
    with connection.cursor() as cursor:
        cursor.execute("SELECT nextval(pg_get_serial_sequence(%s, 'id'))", [table])
        return cursor.fetchone()[0]


def make_shelves():
    """Neither row can be first: both keys are required, and checked at the end of the transaction."""
    for n in range(1, 4):
        shelf = Shelf(pk=next_id("shelves"), name=f"Shelf {n}", front_box_id=next_id("boxes"))
        shelf.save(force_insert=True)
        box = Box(pk=shelf.front_box_id, name=f"Box {n}", shelf=shelf)
        box.save(force_insert=True)


def make_annexe(seeder, users):
    relate(make_living(seeder, users))
    make_shelves()
    SiteEventType.objects.create(pk=HAND_SET_ID, code="IMPORTED")
