"""Recomputes every audit checksum and resolves what the rows point at."""

from django.contrib.contenttypes.models import ContentType

from ledger.checksum import audit_checksum
from ledger.models import AuditTrail
from library.models import Document

COLUMNS = (
    "id",
    "timestamp",
    "action",
    "user_id",
    "object_id",
    "field_changes",
    "checksum",
    "content_type_id",
    "object_representation",
)
EXAMPLES_MAX = 10


def document_numbers():
    return {str(pk): number for pk, number in Document.objects.values_list("pk", "document_number")}


def row_problem(row, document_type_id, numbers):
    pk, timestamp, action, user_id, object_id, changes, checksum, type_id, shown = row
    if checksum != audit_checksum(timestamp, action, user_id, object_id, changes):
        return "checksum differs"
    if type_id == document_type_id and object_id in numbers and numbers[object_id] != shown:
        return f"object {object_id} is {numbers[object_id]}, not {shown}"
    return None


def verify_audit():
    """Recomputes every audit checksum."""
    document_type_id = ContentType.objects.get_for_model(Document).pk
    numbers = document_numbers()
    checked, problems = 0, []
    rows = AuditTrail.objects.order_by("id").values_list(*COLUMNS).iterator(chunk_size=5000)
    for row in rows:
        checked += 1
        problem = row_problem(row, document_type_id, numbers)
        if problem:
            problems.append({"id": row[0], "problem": problem})
    return {
        "ok": not problems,
        "checked": checked,
        "failed": len(problems),
        "examples": problems[:EXAMPLES_MAX],
    }
