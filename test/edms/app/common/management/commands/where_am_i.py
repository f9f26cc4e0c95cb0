from common.management.report import ReportCommand
from common.whereabouts import where_am_i


class Command(ReportCommand):
    help = where_am_i.__doc__

    def report(self, **options):
        return where_am_i()
