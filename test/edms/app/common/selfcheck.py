import io
from contextlib import nullcontext

from django.apps import apps
from django.core.management import CommandError, call_command
from django.db import connection

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


def site():
    """Only where there is an annexe, or where its tables tell that there was one."""
    if apps.is_installed("annexe"):
        from annexe.verify import verify_site

        return {"site": verify_site()}
    if "site_starts" in connection.introspection.table_names():
        return {"site": {"ok": False, "problem": "the site's own settings are not in force"}}
    return {}


def standing_still():
    if not apps.is_installed("annexe"):
        return nullcontext()
    from annexe.still import still

    return still()


def files():
    with standing_still():
        return verify_files()


def selfcheck():
    """System check, pending migrations, audit checksums, files, schedule and keys in one report."""
    parts = {
        "check": command_passes("check"),
        "migrate": command_passes("migrate", check_unapplied=True),
        "audit": verify_audit(),
        "files": files(),
        "beat": beat_check(),
        "canary": canary(),
        **site(),
    }
    return {"ok": all(part["ok"] for part in parts.values()), **parts}
