"""Writes through the application as a user would, and takes it all back."""

import uuid

from django.contrib.auth import get_user_model
from django.contrib.sessions.backends.db import SessionStore
from django.db import transaction
from django.utils import timezone

from flows.models import DocumentTransition, DocumentWorkflow
from flows.transitions import STEPS, start_workflow, take_step
from ledger.models import AuditTrail
from library.models import Document, DocumentSource, DocumentType
from library.numbering import lock_numbering, next_number


def fresh_document(user):
    lock_numbering()
    document_type = DocumentType.objects.order_by("pk").first()
    return Document.objects.create(
        uuid=uuid.uuid4(),
        document_number=next_number(document_type, timezone.now().year),
        title="probe",
        status="DRAFT",
        author=user,
        document_type=document_type,
        document_source=DocumentSource.objects.order_by("pk").first(),
    )


def existing_step():
    """A stored document whose workflow has a next step."""
    sources = sorted({source for source, _ in STEPS})
    workflows = DocumentWorkflow.objects.filter(current_state_id__in=sources).order_by("pk")
    workflow = workflows.select_related("document").first()
    if workflow is None:
        return None
    target = next(to for source, to in STEPS if source == workflow.current_state_id)
    return workflow.document, target


def step_view(document, step):
    return {
        "document": str(document.uuid),
        "from": step.from_state_id,
        "to": step.to_state_id,
        "history": DocumentTransition.objects.filter(workflow=step.workflow).count(),
    }


def carry_out():
    user = get_user_model().objects.filter(is_superuser=True, is_active=True).order_by("pk").first()
    document = fresh_document(user)
    start_workflow(document, user)
    steps = [step_view(document, take_step(document=document, user=user, to_code="PENDING_REVIEW"))]
    found = existing_step()
    if found:
        stored, target = found
        steps.append(step_view(stored, take_step(document=stored, user=user, to_code=target)))
    session = SessionStore()
    session["probe"] = True
    session.create()
    return {
        "ok": True,
        "user": user.username,
        "document_id": document.pk,
        "document_number": document.document_number,
        "audit_id": AuditTrail.objects.order_by("-pk").values_list("pk", flat=True).first(),
        "session_written": SessionStore(session.session_key).get("probe") is True,
        "steps": steps,
    }


def probe():
    """Inserts a document, a session and audit rows, takes workflow steps, then rolls back."""
    with transaction.atomic():
        report = carry_out()
        transaction.set_rollback(True)
    return report
