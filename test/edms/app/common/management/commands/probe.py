from common.management.report import ReportCommand
from common.probe import probe


class Command(ReportCommand):
    help = probe.__doc__

    def report(self, **options):
        return probe()
