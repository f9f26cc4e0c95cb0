"""Taking in a document: the row first, then the file, then path, size and digest into the row."""

import mimetypes
import uuid

from django.db import transaction
from django.utils import timezone

from flows.transitions import start_workflow
from ledger.record import record_audit
from library.files import FLAT, NAMED, clean_name, stored_path, write_file
from library.models import Document, DocumentSource, DocumentType, DocumentVersion
from library.numbering import lock_numbering, next_number


@transaction.atomic
def create_row(*, user, title, name, type_code):
    document_type = DocumentType.objects.filter(code=type_code).first()
    document_type = document_type or DocumentType.objects.order_by("pk").first()
    lock_numbering()
    document = Document.objects.create(
        uuid=uuid.uuid4(),
        document_number=next_number(document_type, timezone.now().year),
        title=title[:255],
        status="DRAFT",
        priority="NORMAL",
        file_name=name,
        mime_type=mimetypes.guess_type(name)[0] or "application/octet-stream",
        version_major=1,
        version_minor=0,
        author=user,
        document_type=document_type,
        document_source=DocumentSource.objects.order_by("pk").first(),
    )
    start_workflow(document, user)
    return document


@transaction.atomic
def complete_row(*, document, user, path, size, digest, facts):
    file = {"file_path": path, "file_size": size, "file_checksum": digest}
    Document.objects.filter(pk=document.pk).update(updated_at=timezone.now(), **file)
    DocumentVersion.objects.create(
        document=document,
        version_major=document.version_major,
        version_minor=document.version_minor,
        file_name=document.file_name,
        status=document.status,
        created_by=user,
        **file,
    )
    record_audit(
        user=user,
        action="DOCUMENT_UPLOAD",
        subject=document,
        field_changes={name: {"from": None, "to": value} for name, value in file.items()},
        facts=facts,
    )


def take_in(*, user, title, name, chunks, convention, type_code, facts):
    if convention not in {FLAT, NAMED}:
        raise ValueError(f"convention is {convention!r}, wanted {FLAT} or {NAMED}")
    name = clean_name(name)
    document = create_row(user=user, title=title, name=name, type_code=type_code)
    path = stored_path(convention, document.uuid, name)
    size, digest = write_file(path, chunks)
    complete_row(document=document, user=user, path=path, size=size, digest=digest, facts=facts)
    document.refresh_from_db()
    return document
