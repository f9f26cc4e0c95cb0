from common.management.report import ReportCommand
from vault.canary import canary


class Command(ReportCommand):
    help = canary.__doc__

    def report(self, **options):
        return canary()
