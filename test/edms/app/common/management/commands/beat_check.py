from common.management.report import ReportCommand
from agenda.beat import beat_check


class Command(ReportCommand):
    help = beat_check.__doc__

    def report(self, **options):
        return beat_check()
