"""The fingerprint of an audit row: what it says, when, who did it and to which object."""

import hashlib
import json
from datetime import timezone

canonical_changes = json.JSONEncoder(
    sort_keys=True, separators=(",", ":"), ensure_ascii=False
).encode


def canonical_stamp(moment):
    utc = moment.astimezone(timezone.utc).replace(tzinfo=None)
    return utc.isoformat(timespec="microseconds") + "Z"


def audit_checksum(timestamp, action, user_id, object_id, field_changes):
    """SHA-256 (hex) over five lines; the timestamp is UTC with six decimals, nothing is ''."""
    lines = [
        canonical_stamp(timestamp),
        action,
        "" if user_id is None else str(user_id),
        object_id or "",
        canonical_changes(field_changes),
    ]
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()
