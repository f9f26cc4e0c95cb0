from django.db import DatabaseError, connection
from django.http import JsonResponse


def database_answers():
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM django_migrations")
            return cursor.fetchone()[0] > 0
    except DatabaseError:
        return False


def health(request):
    ok = database_answers()
    return JsonResponse({"ok": ok, "database": ok}, status=200 if ok else 503)
