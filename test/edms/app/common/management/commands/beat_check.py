from agenda.beat import beat_check
from common.management.report import ReportCommand


class Command(ReportCommand):
    help = beat_check.__doc__

    def report(self, **options):
        return beat_check()
