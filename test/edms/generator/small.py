"""The seed state and a few dozen documents more, with every awkward file name."""

from generator import base_data as base
from generator.seed import make_documents, make_workflow
from generator.texts import substream
from library.files import FLAT, NAMED

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


def make_small(seeder, users):
    documents = make_documents(seeder, users, files=small_files(seeder.seed), first=3)
    for index, document in enumerate(documents):
        make_workflow(seeder, document, users, [("author", "PENDING_REVIEW")][: index % 2])
    return documents
