"""What Django itself can say of a restored application. Run by `manage.py shell` in the sandbox; reads its order from
the file HOLDFAST_ORDER and writes its findings to the file HOLDFAST_FINDINGS."""

import hashlib
import json
import os
import secrets

import django
from django.apps import apps
from django.conf import settings
from django.core import checks as django_checks
from django.db import connection, connections, models, transaction

USERS_SAMPLED = 20
SESSIONS_SAMPLED = 200
# Ids that the next rows of a table would get.
IDS_AHEAD = 100


class NotChecked(Exception):
    pass


def rows_of(statement, values=(), using=connection):
    with using.cursor() as cursor:
        cursor.execute(statement, values)
        return cursor.fetchall()


def few(items):
    shown = sorted(str(item) for item in items)
    return ", ".join(shown[:10]) + (f" and {len(shown) - 10} more" if len(shown) > 10 else "")


def database_is_the_copy(order):
    seen = {}
    for alias in connections:
        started = rows_of("SELECT extract(epoch FROM pg_postmaster_start_time())::text", using=connections[alias])
        seen[alias] = started[0][0]
    others = [alias for alias, started in seen.items() if started != order["server"]]
    return not others, f"{len(seen)} connections, {len(others)} to another server {few(others)}".rstrip()


def migrations(order):
    from django.db.migrations.executor import MigrationExecutor
    from django.db.migrations.recorder import MigrationRecorder

    executor = MigrationExecutor(connection)
    loader = executor.loader
    recorded = set(MigrationRecorder(connection).applied_migrations())
    replaced = {name for migration in loader.disk_migrations.values() for name in migration.replaces}
    ahead = {
        name
        for name in recorded
        if name[0] in loader.migrated_apps and name not in loader.disk_migrations and name not in replaced
    }
    behind = {name for name in loader.disk_migrations if name not in loader.applied_migrations}
    state = {(0, 0): "equal", (1, 0): "ahead", (0, 1): "behind", (1, 1): "diverged"}[(bool(ahead), bool(behind))]
    named = few(f"{app}.{name}" for app, name in ahead | behind)
    if state == "equal":
        loader.check_consistent_history(connection)
    return state == "equal", f"{state}: {len(recorded)} recorded {named}".rstrip()


def system_check(order):
    found = django_checks.run_checks(databases=["default"])
    serious = [message for message in found if message.is_serious()]
    return not serious, f"{len(found)} messages, {len(serious)} serious {few(m.msg for m in serious)}".rstrip()


def sessions(order):
    from importlib import import_module

    from django.core import signing

    if not apps.is_installed("django.contrib.sessions"):
        raise NotChecked("django.contrib.sessions is not installed")
    from django.contrib.sessions.models import Session

    stored = list(Session.objects.order_by("-expire_date").values_list("session_data", flat=True)[:SESSIONS_SAMPLED])
    if not stored:
        raise NotChecked("no session was stored")
    store = import_module(settings.SESSION_ENGINE).SessionStore()
    broken = 0
    for data in stored:
        try:
            signing.loads(data, salt=store.key_salt, serializer=store.serializer)
        except signing.BadSignature:
            broken += 1
    return broken == 0, f"{len(stored)} newest sessions, {broken} not signed by SECRET_KEY"


def active_users():
    from django.contrib.auth import get_user_model

    users = get_user_model()._default_manager.all()
    fields = {field.name for field in users.model._meta.get_fields()}
    return users.filter(is_active=True) if "is_active" in fields else users


def login(order):
    from django.contrib.auth import get_user
    from django.contrib.auth.hashers import identify_hasher, make_password
    from django.http import HttpRequest
    from django.test import Client

    users = [user for user in active_users().order_by("pk") if user.has_usable_password()]
    if not users:
        raise NotChecked("no active user has a password")
    for user in users:
        identify_hasher(user.password)
    user = next((each for each in users if not getattr(each, "is_superuser", False)), users[0])
    password = secrets.token_urlsafe(24)
    name = {user.USERNAME_FIELD: user.get_username()}
    known = False
    with transaction.atomic():
        type(user)._default_manager.filter(pk=user.pk).update(password=make_password(password))
        client = Client()
        if client.login(**name, password=password):
            request = HttpRequest()
            request.session = client.session
            known = get_user(request).pk == user.pk and not Client().login(**name, password=password + "x")
        transaction.set_rollback(True)
    said = f"{len(users)} password hashes are known; one user given a new password in the copy"
    return known, f"{said} {'is logged in' if known else 'is not logged in'}"


def permissions(order):
    from django.contrib.auth.models import Group, Permission

    users = list(active_users().order_by("pk"))
    if not users or not hasattr(users[0], "user_permissions"):
        raise NotChecked("the user model has no groups and permissions")
    counts = [(Group, Group.objects.count()), (Permission, Permission.objects.count())]
    wrong = [
        model.__name__
        for model, count in counts
        if rows_of(f'SELECT count(*) FROM "{model._meta.db_table}"')[0][0] != count
    ]
    held = type(users[0]).groups.through._meta.db_table, type(users[0]).user_permissions.through._meta.db_table
    column = type(users[0]).groups.through._meta.get_field(type(users[0])._meta.model_name).column
    sampled = [user for user in users if not user.is_superuser][:USERS_SAMPLED]
    for user in sampled:
        wanted = rows_of(
            f"""SELECT t.app_label || '.' || p.codename FROM auth_permission p
                JOIN django_content_type t ON t.id = p.content_type_id WHERE p.id IN (
                SELECT permission_id FROM "{held[1]}" WHERE "{column}" = %s UNION
                SELECT permission_id FROM auth_group_permissions WHERE group_id IN (
                SELECT group_id FROM "{held[0]}" WHERE "{column}" = %s))""",
            [user.pk, user.pk],
        )
        if not {name for (name,) in wanted} <= user.get_all_permissions():
            wrong.append(f"user {user.pk}")
    said = f"{counts[0][1]} groups, {counts[1][1]} permissions, rights of {len(sampled)} of {len(users)} active users"
    return not wrong, f"{said}, {len(wrong)} differ {few(wrong)}".rstrip()


def file_storage(table, column):
    for model in apps.get_models(include_auto_created=True):
        if model._meta.db_table == table:
            for field in model._meta.local_fields:
                if field.column == column and isinstance(field, models.FileField):
                    return field.storage
    return None


def documents(order):
    if not order["documents"]:
        raise NotChecked("the spec has no files.documents")
    said, wrong, opened = [], [], 0
    for rule in order["documents"]:
        table = ".".join(connection.ops.quote_name(part) for part in rule["table"].split("."))
        path = connection.ops.quote_name(rule["path"])
        digest = connection.ops.quote_name(rule["sha256"]) if rule["sha256"] else "NULL"
        where = f"{path} IS NOT NULL AND {path} <> '' AND left({path}, %s) = %s"
        prefix = [len(rule["prefix"]), rule["prefix"]]
        total = rows_of(f"SELECT count(*) FROM {table} WHERE {where}", prefix)[0][0]
        sample = rows_of(
            f"SELECT {path}, {digest} FROM {table} WHERE {where} ORDER BY md5({path} || %s) LIMIT %s",
            [*prefix, order["seed"], order["sample"]],
        )
        storage = file_storage(rule["table"].split(".")[-1], rule["path"])
        for name, wanted in sample:
            rest = os.path.join(rule["folder"], name[len(rule["prefix"]) :])
            try:
                with storage.open(name) if storage else open(rest, "rb") as file:
                    seen = hashlib.sha256(file.read()).hexdigest()
                if wanted and seen != wanted.lower():
                    wrong.append(f"{name} has another digest than its row")
            except OSError as error:
                wrong.append(f"{name}: {error.strerror or error}")
        opened += len(sample)
        said.append(f"{len(sample)} of {total} of {rule['table']}")
    if opened == 0:
        raise NotChecked("no row names a file")
    return not wrong, f"{', '.join(said)} opened, {len(wrong)} wrong {few(wrong)}".rstrip()


OWNED_SEQUENCES = """
SELECT s.oid::regclass::text, c.oid::regclass::text, quote_ident(a.attname),
       has_sequence_privilege(s.oid, 'USAGE') AND has_table_privilege(c.oid, 'SELECT')
  FROM pg_depend d
  JOIN pg_class s ON s.oid = d.objid AND s.relkind = 'S'
  JOIN pg_class c ON c.oid = d.refobjid AND c.relkind IN ('r', 'p')
  JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = d.refobjsubid
 WHERE d.classid = 'pg_class'::regclass AND d.refclassid = 'pg_class'::regclass AND d.deptype IN ('a', 'i')"""


def fresh_ids(order):
    owned = rows_of(OWNED_SEQUENCES)
    asked = [row for row in owned if row[3]]
    taken = []
    with transaction.atomic():
        for sequence, table, column, _ in asked:
            (value,) = rows_of("SELECT nextval(%s::regclass)", [sequence])[0]
            if rows_of(
                f"SELECT 1 FROM {table} WHERE {column} BETWEEN %s AND %s LIMIT 1", [value, value + IDS_AHEAD - 1]
            ):
                taken.append(f"{table}.{column} from {value}")
        transaction.set_rollback(True)
    said = f"{len(asked)} of {len(owned)} sequences of tables asked for the next id"
    return bool(asked) and not taken, f"{said}, {len(taken)} would collide {few(taken)}".rstrip()


def schedules(order):
    if not apps.is_installed("django_celery_beat"):
        raise NotChecked("django_celery_beat is not installed")
    from celery import current_app
    from django_celery_beat.models import PeriodicTask
    from django_celery_beat.schedulers import ModelEntry

    enabled = list(PeriodicTask.objects.filter(enabled=True).order_by("pk"))
    broken = []
    for task in enabled:
        ModelEntry(task, app=current_app).is_due()
        # An entry without a schedule is switched off by the scheduler itself.
        if not PeriodicTask.objects.get(pk=task.pk).enabled:
            broken.append(task.name)
    return not broken, f"{len(enabled)} enabled schedules loaded, {len(broken)} not {few(broken)}".rstrip()


CATALOGUE = {
    "database is the restored copy": database_is_the_copy,
    "migrations": migrations,
    "system check": system_check,
    "sessions": sessions,
    "login": login,
    "groups and permissions": permissions,
    "documents open": documents,
    "fresh ids": fresh_ids,
    "schedules load": schedules,
}


def look(order):
    found, unchecked = [], []
    for name, ask in CATALOGUE.items():
        try:
            ok, detail = ask(order)
            found.append({"name": name, "ok": bool(ok), "detail": detail})
        except NotChecked as reason:
            unchecked.append(f"{name}: {reason}")
        except Exception as error:  # whatever the application throws is the finding
            found.append({"name": name, "ok": False, "detail": f"{type(error).__name__}: {error}"[:400]})
    return {"checks": found, "notChecked": unchecked}


# Management commands start without settings when those fail; here that is the finding.
django.setup()
with open(os.environ["HOLDFAST_ORDER"], encoding="utf-8") as given:
    answer = look(json.load(given))
with open(os.environ["HOLDFAST_FINDINGS"], "w", encoding="utf-8") as written:
    json.dump(answer, written)
