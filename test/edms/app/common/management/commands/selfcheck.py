from common.management.report import ReportCommand
from common.selfcheck import selfcheck


class Command(ReportCommand):
    help = selfcheck.__doc__

    def report(self, **options):
        return selfcheck()
