import base64
import binascii
import logging

from django.conf import settings
from django.http import FileResponse, JsonResponse

from flows.models import DocumentTransition, DocumentWorkflow
from flows.transitions import TransitionRefused, take_step
from ledger.record import record_audit, request_facts
from library.files import FLAT, resolve
from library.models import Document, DocumentAccess
from library.uploads import take_in
from people.rights import object_rights
from registrar.answers import Refused, body_of, logged_in

log = logging.getLogger("edms.library")
PAGE_MAX = 1000


def document_view(document):
    return {
        "id": document.pk,
        "uuid": str(document.uuid),
        "document_number": document.document_number,
        "title": document.title,
        "status": document.status,
        "version": f"{document.version_major}.{document.version_minor}",
        "file_name": document.file_name,
        "file_path": document.file_path,
        "size": document.file_size,
        "sha256": document.file_checksum,
        "mime_type": document.mime_type,
        "author": document.author.username,
    }


def require_document(request, uuid):
    document = Document.objects.select_related("author").filter(uuid=uuid).first()
    if document is None:
        raise Refused(404, f"no document {uuid}")
    if not object_rights(request.user, document)["view"]:
        raise Refused(403, f"document {uuid} is not open to {request.user.username}")
    return document


def whole_number(request, name, default):
    try:
        return max(0, int(request.GET.get(name, default)))
    except ValueError:
        raise Refused(400, f"{name} is not a whole number") from None


@logged_in
def listing(request):
    """`?after=<id>&limit=<n>`; `next` is the id to continue after, or null."""
    if not request.user.has_perm("library.view_document"):
        raise Refused(403, f"documents are not open to {request.user.username}")
    limit = min(whole_number(request, "limit", PAGE_MAX), PAGE_MAX) or PAGE_MAX
    rows = Document.objects.select_related("author").order_by("pk")
    page = list(rows.filter(pk__gt=whole_number(request, "after", 0))[: limit + 1])
    shown = page[:limit]
    return {
        "total": Document.objects.count(),
        "documents": [document_view(document) for document in shown],
        "next": shown[-1].pk if len(page) > limit else None,
    }


def multipart_upload(request):
    file = request.FILES.get("file")
    if file is None:
        raise Refused(400, "the form has no field file")
    if file.size > settings.UPLOAD_BYTES_MAX:
        raise Refused(413, f"the file is larger than {settings.UPLOAD_BYTES_MAX} bytes")
    return request.POST, request.POST.get("file_name") or file.name, file.chunks()


def json_upload(request):
    body = body_of(request)
    try:
        content = base64.b64decode(body.get("content_base64", ""), validate=True)
    except (binascii.Error, TypeError, ValueError):
        raise Refused(400, "content_base64 is not base64") from None
    if len(content) > settings.UPLOAD_BYTES_MAX:
        raise Refused(413, f"the file is larger than {settings.UPLOAD_BYTES_MAX} bytes")
    return body, str(body.get("file_name", "")), [content]


@logged_in
def upload(request):
    if not request.user.has_perm("library.add_document"):
        raise Refused(403, f"{request.user.username} may not add documents")
    is_form = request.content_type == "multipart/form-data"
    fields, name, chunks = multipart_upload(request) if is_form else json_upload(request)
    try:
        document = take_in(
            user=request.user,
            title=fields.get("title") or name,
            name=name,
            chunks=chunks,
            convention=fields.get("convention") or FLAT,
            type_code=fields.get("type") or "",
            facts=request_facts(request),
        )
    except ValueError as problem:
        raise Refused(400, str(problem)) from None
    log.info("uploaded %s %s", document.document_number, document.file_path)
    return JsonResponse(document_view(document), status=201)


def related_view(document):
    """Ids inside JSON: what has gone is not shown."""
    ids = [entry["id"] for entry in document.metadata.get("related", [])]
    related = Document.objects.filter(pk__in=ids).order_by("pk")
    return [{"uuid": str(each.uuid), "document_number": each.document_number} for each in related]


@logged_in
def details(request, uuid):
    document = require_document(request, uuid)
    can = object_rights(request.user, document)
    return {**document_view(document), "can": can, "related": related_view(document)}


@logged_in
def content(request, uuid):
    document = require_document(request, uuid)
    path = resolve(document.file_path)
    if not document.file_path or not path.is_file():
        raise Refused(404, f"document {uuid} has no file")
    note_download(request, document)
    answer = FileResponse(
        open(path, "rb"),
        as_attachment=True,
        filename=document.file_name,
        content_type=document.mime_type or "application/octet-stream",
    )
    answer["X-Content-SHA256"] = document.file_checksum
    return answer


def note_download(request, document):
    facts = request_facts(request)
    DocumentAccess.objects.create(
        document=document,
        user=request.user,
        access_type="DOWNLOAD",
        ip_address=facts["ip_address"],
        user_agent=facts["user_agent"],
        session_id=facts["session_id"],
        document_version=f"{document.version_major}.{document.version_minor}",
        file_downloaded=True,
    )
    record_audit(
        user=request.user,
        action="DOCUMENT_DOWNLOAD",
        subject=document,
        field_changes={},
        facts=facts,
    )


@logged_in
def history(request, uuid):
    document = require_document(request, uuid)
    workflow = DocumentWorkflow.objects.filter(document=document).first()
    steps = DocumentTransition.objects.filter(workflow=workflow).order_by("pk")
    return {
        "uuid": str(document.uuid),
        "state": workflow.current_state_id if workflow else None,
        "steps": [
            {"from": step.from_state_id, "to": step.to_state_id, "at": step.transitioned_at}
            for step in steps
        ],
    }


@logged_in
def transition(request, uuid):
    document = require_document(request, uuid)
    body = body_of(request)
    try:
        step = take_step(
            document=document,
            user=request.user,
            to_code=str(body.get("to_state", "")),
            comment=str(body.get("comment", "")),
            facts=request_facts(request),
        )
    except TransitionRefused as refusal:
        raise Refused(409, str(refusal)) from None
    except DocumentWorkflow.DoesNotExist:
        raise Refused(409, f"document {uuid} has no workflow") from None
    return {
        "uuid": str(document.uuid),
        "from_state": step.from_state_id,
        "to_state": step.to_state_id,
        "transition_id": step.pk,
    }
