from common.management.report import ReportCommand
from library.verify import verify_files


class Command(ReportCommand):
    help = verify_files.__doc__

    def report(self, **options):
        return verify_files()
