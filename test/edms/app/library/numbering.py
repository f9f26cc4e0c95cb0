from django.db import connection

from library.models import Document


def lock_numbering():
    """Held to the end of the transaction: two uploads never read the same highest number."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext('document_number'))")


def next_number(document_type, year):
    """Prefix, year and four digits; one above the highest in use for the type and the year."""
    stem = f"{document_type.numbering_prefix}-{year}-"
    used = Document.objects.filter(document_number__startswith=stem)
    numbers = [
        int(n[len(stem) :].split("-")[0]) for n in used.values_list("document_number", flat=True)
    ]
    return f"{stem}{max(numbers, default=0) + 1:04d}-v01.00"
