"""Audit rows as the application would have written them."""

from ledger.checksum import audit_checksum
from ledger.models import AuditTrail


def audit_row(*, timestamp, action, user, content_type, subject, field_changes, uuid, session):
    object_id = str(subject.pk)
    return AuditTrail(
        uuid=uuid,
        timestamp=timestamp,
        action=action,
        severity="INFO",
        user=user,
        user_display_name=user.get_full_name() if user else "system",
        session_id=session,
        ip_address="10.20.0.15",
        user_agent="Mozilla/5.0 (X11; Linux x86_64)",
        content_type=content_type,
        object_id=object_id,
        object_representation=str(subject),
        field_changes=field_changes,
        module="O",
        request_path=f"/documents/{object_id}",
        request_method="POST",
        verification_status="SEALED",
        checksum=audit_checksum(
            timestamp, action, user.pk if user else None, object_id, field_changes
        ),
    )
