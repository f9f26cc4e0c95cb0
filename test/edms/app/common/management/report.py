import json

from django.core.management.base import BaseCommand, CommandError


class ReportCommand(BaseCommand):
    """Prints one JSON object and fails when its `ok` is false."""

    requires_system_checks = []

    def report(self, **options):
        raise NotImplementedError

    def handle(self, *args, **options):
        report = self.report(**options)
        self.stdout.write(json.dumps(report, ensure_ascii=False, sort_keys=True, default=str))
        if not report["ok"]:
            raise CommandError("not as it should be")
