from common.management.report import ReportCommand
from ledger.verify import verify_audit


class Command(ReportCommand):
    help = verify_audit.__doc__

    def report(self, **options):
        return verify_audit()
