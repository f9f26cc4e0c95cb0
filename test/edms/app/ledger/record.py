"""Writing to the audit tables."""

from django.contrib.contenttypes.models import ContentType
from django.utils import timezone

from ledger.checksum import audit_checksum
from ledger.models import AuditTrail


def request_facts(request):
    return {
        "session_id": request.session.session_key or "",
        "ip_address": request.META.get("REMOTE_ADDR") or None,
        "user_agent": request.headers.get("User-Agent", ""),
        "request_path": request.path[:500],
        "request_method": request.method,
    }


def record_audit(*, user, action, subject, field_changes, facts=None, description="", module="O"):
    timestamp = timezone.now()
    user_id = user.pk if user else None
    object_id = str(subject.pk)
    return AuditTrail.objects.create(
        timestamp=timestamp,
        action=action,
        severity="INFO",
        user=user,
        user_display_name=user.get_full_name() if user else "system",
        content_type=ContentType.objects.get_for_model(subject),
        object_id=object_id,
        object_representation=str(subject)[:200],
        field_changes=field_changes,
        description=description,
        module=module,
        verification_status="SEALED",
        checksum=audit_checksum(timestamp, action, user_id, object_id, field_changes),
        **(facts or {}),
    )
