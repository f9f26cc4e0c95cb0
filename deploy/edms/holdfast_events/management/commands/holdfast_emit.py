"""manage.py holdfast_emit TYPE: for deployment scripts, schedules and people."""

import json

from django.core.management.base import BaseCommand, CommandError

from holdfast_events.config import read_config
from holdfast_events.emit import BackupMissing, emit


class Command(BaseCommand):
    help = "Tells Holdfast what the EDMS does; with --wait, ends well only when the backup is committed."
    requires_system_checks = []

    def add_arguments(self, parser):
        parser.add_argument("type", help="type of the event, for example edms.deployment.finished")
        parser.add_argument("--id", help="the same id, said again, is the same event")
        parser.add_argument("--data", default="{}", help="JSON")
        parser.add_argument("--wait", action="store_true")
        parser.add_argument("--timeout", help="a number and s, m, h or d")

    def handle(self, *, type, data, wait, timeout, **options):
        if read_config() is None:
            raise CommandError("HOLDFAST_EVENTS is not in the settings")
        try:
            data = json.loads(data)
        except ValueError as error:
            raise CommandError(f"--data is no JSON: {error}") from error
        try:
            answer = emit(type, data, wait=wait, event_id=options["id"], timeout=timeout)
        except BackupMissing as error:
            raise CommandError(str(error)) from error
        self.stdout.write(json.dumps(answer))
