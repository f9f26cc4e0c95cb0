"""The life cycle of a document: which step leads where, and who may take it."""

from django.db import transaction
from django.utils import timezone

from flows.models import DocumentState, DocumentTransition, DocumentWorkflow
from ledger.record import record_audit

AUTHOR = "author"
REVIEW = "library.review_document"
APPROVE = "library.approve_document"
SENIOR = "library.senior_approve_document"

STEPS = {
    ("DRAFT", "PENDING_REVIEW"): AUTHOR,
    ("PENDING_REVIEW", "UNDER_REVIEW"): REVIEW,
    ("UNDER_REVIEW", "REVIEW_COMPLETED"): REVIEW,
    ("UNDER_REVIEW", "DRAFT"): REVIEW,
    ("REVIEW_COMPLETED", "PENDING_APPROVAL"): AUTHOR,
    ("PENDING_APPROVAL", "UNDER_APPROVAL"): APPROVE,
    ("UNDER_APPROVAL", "APPROVED"): APPROVE,
    ("UNDER_APPROVAL", "REJECTED"): APPROVE,
    ("APPROVED", "EFFECTIVE"): APPROVE,
    ("EFFECTIVE", "SUPERSEDED"): SENIOR,
    ("EFFECTIVE", "OBSOLETE"): SENIOR,
    ("DRAFT", "TERMINATED"): AUTHOR,
    ("PENDING_REVIEW", "TERMINATED"): AUTHOR,
}


class TransitionRefused(Exception):
    pass


def may_take(user, document, needed):
    if needed == AUTHOR:
        return user.is_superuser or document.author_id == user.pk
    return user.has_perm(needed)


def require_step(user, document, from_code, to_code):
    needed = STEPS.get((from_code, to_code))
    if needed is None:
        raise TransitionRefused(f"no step leads from {from_code} to {to_code}")
    if not may_take(user, document, needed):
        raise TransitionRefused(f"step to {to_code} needs {needed}")


def start_workflow(document, user):
    return DocumentWorkflow.objects.create(
        document=document,
        initiated_by=user,
        current_assignee=user,
        current_state=DocumentState.objects.get(code="DRAFT"),
        workflow_type="REVIEW",
    )


@transaction.atomic
def take_step(*, document, user, to_code, comment="", facts=None):
    """One step: the workflow, its history row, the document's status and an audit row together."""
    workflow = DocumentWorkflow.objects.select_for_update().get(document=document)
    from_code = workflow.current_state_id
    require_step(user, document, from_code, to_code)
    workflow.current_state = DocumentState.objects.get(code=to_code)
    workflow.save()
    step = DocumentTransition.objects.create(
        workflow=workflow,
        from_state_id=from_code,
        to_state_id=to_code,
        transitioned_by=user,
        transitioned_at=timezone.now(),
        comment=comment,
    )
    document.status = to_code
    document.save(update_fields=["status", "updated_at"])
    record_audit(
        user=user,
        action="WORKFLOW_TRANSITION",
        subject=document,
        field_changes={"status": {"from": from_code, "to": to_code}},
        description=comment,
        facts=facts,
    )
    return step
