"""The seed state and a few dozen documents more: every awkward file name, one encrypted copy."""

from generator import base_data as base
from generator.seed import make_documents, make_workflow
from generator.texts import substream
from library.encryption import encrypt_copy
from library.files import FLAT, NAMED
from library.models import Document

DOCUMENTS = 36


def small_files(seed):
    rng = substream(seed, "small")
    named = [
        (rng.randrange(2_000, 40_000), name.rsplit(".", 1)[1], NAMED, name)
        for name in base.HOSTILE_NAMES
    ]
    kinds = ("docx", "pdf", "txt")
    flat = [
        (
            rng.randrange(2_000, 40_000),
            kinds[index % 3],
            FLAT,
            f"Document {index}.{kinds[index % 3]}",
        )
        for index in range(DOCUMENTS - len(named))
    ]
    return named + flat


def encrypt(seeder, document):
    metadata = encrypt_copy(document, salt=substream(seeder.seed, "salt").randbytes(16))
    rows = Document.objects.filter(pk=document.pk)
    rows.update(is_encrypted=True, encryption_metadata=metadata)


def make_small(seeder, users):
    documents = make_documents(seeder, users, files=small_files(seeder.seed), first=3)
    for index, document in enumerate(documents):
        make_workflow(seeder, document, users, [("author", "PENDING_REVIEW")][: index % 2])
    encrypt(seeder, documents[-1])
    return documents
