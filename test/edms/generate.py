#!/usr/bin/env python3
"""Fills the database and the storage of one instance; run by `edms.py create`."""

import argparse
import json
import sys
from pathlib import Path


def arguments():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--root", type=Path, required=True)
    parser.add_argument("--scale", choices=["seed", "small"], default="seed")
    parser.add_argument("--rows", type=int, default=0)
    parser.add_argument("--files", type=int, default=0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--spiteful", action="store_true")
    return parser.parse_args()


def start_application(root):
    sys.path.insert(0, str(root / "app"))
    from registrar.environment import load_environment

    load_environment()
    import django

    django.setup()


def fill(options):
    from django.db import connection, transaction

    from generator.load import make_load
    from generator.seed import make_seed, spend_ids
    from generator.small import make_small

    if options.spiteful:
        from generator.annexe import make_annexe

    with transaction.atomic():
        seeder, users = make_seed(options.seed)
        if options.scale == "small":
            make_small(seeder, users)
        if options.spiteful:
            make_annexe(seeder, users)
    loaded = 0
    if options.rows or options.files:
        loaded = make_load(seed=options.seed, users=users, rows=options.rows, files=options.files)
    spend_ids(seeder)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    return seeder, users, loaded


def user_view(seeder, user):
    return {
        "username": user.username,
        "password": seeder.password(user.username),
        "is_active": user.is_active,
        "is_superuser": user.is_superuser,
        "groups": sorted(user.groups.values_list("name", flat=True)),
    }


def living_view():
    from library.models import Document

    rows = Document.objects.filter(metadata__living=True).order_by("pk")
    return [{"id": row.pk, "uuid": str(row.uuid), "file_path": row.file_path} for row in rows]


def report(seeder, users, loaded):
    from django.contrib.sessions.models import Session
    from django.utils import timezone

    from library.models import Document

    live = Session.objects.filter(expire_date__gt=timezone.now()).order_by("session_key")
    author = str(users["author"].pk)
    keys = [row.session_key for row in live if row.get_decoded().get("_auth_user_id") == author]
    return {
        "users": [user_view(seeder, user) for user in users.values()],
        "session": {"username": "author", "key": keys[0]},
        "documents": Document.objects.count(),
        "files": Document.objects.exclude(file_path="").count(),
        "living": living_view(),
        "loaded_rows": loaded,
    }


def main():
    options = arguments()
    start_application(options.root.resolve())
    seeder, users, loaded = fill(options)
    print(json.dumps(report(seeder, users, loaded), ensure_ascii=False))


if __name__ == "__main__":
    main()
