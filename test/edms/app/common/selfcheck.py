import io

from django.core.management import CommandError, call_command

from agenda.beat import beat_check
from ledger.verify import verify_audit
from library.verify import verify_files
from vault.canary import canary


def command_passes(*arguments, **options):
    """Runs a management command of the framework and keeps what it said."""
    said = io.StringIO()
    try:
        call_command(*arguments, stdout=said, stderr=said, **options)
    except (CommandError, SystemExit) as refusal:
        return {"ok": False, "said": f"{said.getvalue()}{refusal}".strip()}
    return {"ok": True}


def selfcheck():
    """System check, pending migrations, audit checksums, files, schedule and keys in one report."""
    parts = {
        "check": command_passes("check"),
        "migrate": command_passes("migrate", check_unapplied=True),
        "audit": verify_audit(),
        "files": verify_files(),
        "beat": beat_check(),
        "canary": canary(),
    }
    return {"ok": all(part["ok"] for part in parts.values()), **parts}
