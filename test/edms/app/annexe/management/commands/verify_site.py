from annexe.verify import verify_site
from common.management.report import ReportCommand


class Command(ReportCommand):
    help = verify_site.__doc__

    def report(self, **options):
        return verify_site()
