"""The fingerprint of an audit row: what it says, when, who did it and to which object."""

import hashlib
import json
from datetime import timezone


def canonical_changes(field_changes):
    return json.dumps(field_changes, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def audit_checksum(timestamp, action, user_id, object_id, field_changes):
    """SHA-256 (hex) over five lines; the timestamp is UTC with six decimals, nothing is ''."""
    stamp = timestamp.astimezone(timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    lines = [
        stamp,
        action,
        "" if user_id is None else str(user_id),
        object_id or "",
        canonical_changes(field_changes),
    ]
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()
