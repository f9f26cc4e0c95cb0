"""Where this process works: whatever leads out of the application's own folder is a way to another instance."""

import hashlib
import os
from pathlib import Path

from django.conf import settings
from django.db import DatabaseError, connection

from registrar.environment import APP_ROOT, text
from registrar.local import LOCAL_FILE

PATHS = ("STORAGE_ROOT", "MEDIA_ROOT", "INDEX_ROOT", "CERTIFICATES_ROOT", "SITE_MODULE")
ADDRESS = {"NAME": "DB_NAME", "HOST": "DB_HOST", "PORT": "DB_PORT", "USER": "DB_USER"}


def paths():
    named = {name: getattr(settings, name, None) for name in PATHS}
    return {name: str(Path(path).resolve()) for name, path in named.items() if path}


def address():
    return {name: str(settings.DATABASES["default"][name]) for name in ADDRESS}


def strays():
    """Paths outside the application's folder; parts of the database's address that the environment says otherwise."""
    root = APP_ROOT.resolve()
    outside = [name for name, path in paths().items() if not Path(path).is_relative_to(root)]
    used = address()
    other = [name for name, variable in ADDRESS.items() if used[name] != text(variable, used[name])]
    return outside + [f"DATABASE.{name}" for name in other]


def reached():
    """What the server says of the database; its oid differs between an original and a copy on one server."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT current_database(), oid::bigint, current_user, current_setting('port') "
            "FROM pg_database WHERE datname = current_database()"
        )
        said = dict(zip(("name", "oid", "user", "port"), cursor.fetchone(), strict=True))
        # The host is known to the client's side alone where it is a socket folder.
        return {**said, "host": connection.connection.info.host}


def starts():
    """How often which copy of the application started on this database."""
    if "site_starts" not in connection.introspection.table_names():
        return {}
    with connection.cursor() as cursor:
        cursor.execute("SELECT app_root, count(*) FROM site_starts GROUP BY app_root")
        return dict(cursor.fetchall())


def where_am_i():
    """Names database, storage and settings as this process has them. Not sound when no database answers."""
    report = {
        "app_root": str(APP_ROOT),
        "database": address(),
        "paths": paths(),
        "strays": strays(),
        "process": {
            "pid": os.getpid(),
            "settings_module": os.environ["DJANGO_SETTINGS_MODULE"],
            "local_settings": str(LOCAL_FILE) if LOCAL_FILE.is_file() else None,
            "secret_key_sha256": hashlib.sha256(settings.SECRET_KEY.encode()).hexdigest(),
        },
    }
    try:
        return {"ok": True, **report, "reached": reached(), "starts": starts()}
    except DatabaseError as problem:
        return {"ok": False, **report, "problem": str(problem)}
