"""The seed state: 595 records, two files, 126 sessions. Runs inside the application."""

import hashlib
import uuid
from datetime import time, timedelta

from django.contrib.auth.hashers import make_password
from django.contrib.auth.models import Group, Permission
from django.contrib.contenttypes.models import ContentType
from django.contrib.sessions.backends.db import SessionStore
from django.contrib.sessions.models import Session
from django.db import connection
from django.db.models import F
from django.utils import timezone
from django_celery_beat.models import CrontabSchedule, PeriodicTask

from flows.models import DocumentState, DocumentTransition, DocumentWorkflow, WorkflowType
from generator import base_data as base
from generator.audit_rows import audit_row
from generator.keys import self_signed
from generator.moments import after
from generator.texts import MIME_TYPES, file_of, substream
from ledger.models import AuditTrail, ComplianceEvent, DatabaseChange, LoginAttempt
from library.files import FLAT, NAMED, stored_path, write_file
from library.models import (
    Document,
    DocumentAccess,
    DocumentComment,
    DocumentDependency,
    DocumentSource,
    DocumentType,
    DocumentVersion,
)
from people.models import Role, User, UserRole
from safekeeping.models import BackupConfiguration
from stencils.models import Placeholder
from vault.models import SigningCertificate

SESSIONS = 126
ACCESS_ROWS = 30
AUDIT_ROWS = 60
LOGIN_ROWS = 12
# size, extension, convention, original name
FILES = [
    (124_263, "docx", FLAT, "Master template.docx"),
    (5_737, "pdf", NAMED, base.HOSTILE_NAMES[0]),
]


class Seeder:
    def __init__(self, seed):
        self.seed = seed
        self.ids = substream(seed, "ids")
        self.minute = 0

    def uuid(self):
        return uuid.UUID(int=self.ids.getrandbits(128), version=4)

    def moment(self):
        """Each call is later than the one before, to the microsecond."""
        self.minute += 1
        return after(self.minute, self.ids.randrange(1_000_000))

    def password(self, username):
        return f"{username}-{substream(self.seed, 'password:' + username).getrandbits(48):012x}"

    def rows(self, model, items):
        """Creates rows with a seeded uuid and, where the table has one, a seeded creation time."""
        names = {field.name for field in model._meta.concrete_fields}
        made = []
        for item in items:
            if "uuid" in names:
                item.setdefault("uuid", self.uuid())
            if "created_at" in names:
                item.setdefault("created_at", self.moment())
            made.append(model(**item))
        model.objects.bulk_create(made)
        if {"created_at", "updated_at"} <= names:
            model.objects.update(updated_at=F("created_at"))
        return made


def permission(codename):
    return Permission.objects.get(content_type__app_label="library", codename=codename)


def make_groups():
    content_type = ContentType.objects.get_for_model(Document)
    for codename, name in base.LIVE_PERMISSIONS.items():
        Permission.objects.create(content_type=content_type, codename=codename, name=name)
    for name, codenames in base.GROUPS.items():
        group = Group.objects.create(name=name)
        group.permissions.set([permission(codename) for codename in codenames])


def make_password_hash(seeder, username):
    salt = f"{substream(seeder.seed, 'salt:' + username).getrandbits(96):024x}"
    return make_password(seeder.password(username), salt=salt)


def make_people(seeder):
    users = seeder.rows(
        User,
        [
            {
                "username": username,
                "first_name": first,
                "last_name": last,
                "email": f"{username}@edms.example",
                "employee_id": f"E{number:04d}",
                "department": "Quality",
                "password": make_password_hash(seeder, username),
                "date_joined": seeder.moment(),
                "password_changed_at": seeder.moment(),
                **flags,
            }
            for number, (username, first, last, flags, _, _) in enumerate(base.PEOPLE, 1)
        ],
    )
    by_name = {user.username: user for user in users}
    User.objects.exclude(username="admin").update(created_by=by_name["admin"])
    for username, _, _, _, groups, _ in base.PEOPLE:
        by_name[username].groups.set(Group.objects.filter(name__in=groups))
    for username in ("viewer", "archiver"):
        by_name[username].user_permissions.add(permission("view_document"))
    return by_name


def make_roles(seeder, users):
    roles = seeder.rows(
        Role,
        [
            {"name": name, "module": module, "permission_level": level, "is_system_role": True}
            for name, module, level in base.ROLES
        ],
    )
    by_name = {role.name: role for role in roles}
    Role.objects.filter(name="Document Admin").update(inherits_from=by_name["Document Author"])
    seeder.rows(
        UserRole,
        [
            {
                "user": users[username],
                "role": by_name[role],
                "assigned_at": seeder.moment(),
                "assigned_by": users["admin"],
            }
            for username, _, _, _, _, role in base.PEOPLE
            if role
        ],
    )


def make_kinds(seeder, users):
    admin = users["admin"]
    DocumentState.objects.bulk_create(
        DocumentState(
            code=code,
            name=name,
            is_initial=code == "DRAFT",
            is_final=code in base.FINAL_STATES,
        )
        for code, name in base.STATES
    )
    seeder.rows(
        WorkflowType,
        [
            {"name": f"{kind.title()} workflow", "workflow_type": kind, "created_by": admin}
            for kind in base.WORKFLOW_TYPES
        ],
    )
    seeder.rows(
        DocumentType,
        [
            {"code": code, "name": name, "numbering_prefix": code, "created_by": admin}
            for code, name in base.DOCUMENT_TYPES
        ],
    )
    seeder.rows(DocumentSource, [{"name": n, "source_type": "internal"} for n in base.SOURCES])
    seeder.rows(
        Placeholder,
        [
            {
                "name": name,
                "display_name": name.replace("_", " ").title(),
                "placeholder_type": "DOCUMENT",
                "source_field": name,
                "created_by": admin,
            }
            for name in base.PLACEHOLDERS
        ],
    )


def make_schedule(seeder):
    for name, task, (minute, hour), kwargs in base.SCHEDULE:
        crontab = CrontabSchedule.objects.create(minute=minute, hour=hour, timezone="UTC")
        PeriodicTask.objects.create(name=name, task=task, crontab=crontab, kwargs=kwargs)


def make_backup_settings(seeder, users):
    seeder.rows(
        BackupConfiguration,
        [
            {
                "name": f"{frequency.title()} {kind.lower()}",
                "backup_type": kind,
                "frequency": frequency,
                "schedule_time": time(2, index),
                "status": "ACTIVE",
                "created_by": users["admin"],
            }
            for index, (kind, frequency) in enumerate(base.BACKUP_SETTINGS)
        ],
    )


def make_certificate(seeder, users):
    pair = self_signed("EDMS document signing")
    seeder.rows(
        SigningCertificate,
        [
            {
                "name": "Document signing",
                "certificate_type": "SELF_SIGNED",
                "certificate_pem": pair["certificate"],
                "private_key_pem": pair["private_key"],
                "public_key_pem": pair["public_key"],
                "subject_cn": "EDMS document signing",
                "issuer_name": "EDMS document signing",
                "serial_number": pair["serial_number"],
                "valid_from": pair["valid_from"],
                "valid_until": pair["valid_until"],
                "is_default": True,
                "created_by": users["admin"],
            }
        ],
    )


def stored_file(*, seed, document_uuid, size, kind, convention, name):
    """Writes one generated file and gives the columns that name it."""
    path = stored_path(convention, document_uuid, name)
    content = file_of(kind, substream(seed, f"file:{document_uuid}"), size)
    written, digest = write_file(path, [content])
    return {
        "file_name": name,
        "file_path": path,
        "file_size": written,
        "file_checksum": digest,
        "mime_type": MIME_TYPES[kind],
    }


def make_documents(seeder, users, files=FILES, first=1):
    author = users["author"]
    document_types = list(DocumentType.objects.order_by("pk"))
    source = DocumentSource.objects.order_by("pk").first()
    items = []
    for offset, (size, kind, convention, name) in enumerate(files):
        document_uuid = seeder.uuid()
        document_type = document_types[(first + offset) % len(document_types)]
        file = stored_file(
            seed=seeder.seed,
            document_uuid=document_uuid,
            size=size,
            kind=kind,
            convention=convention,
            name=name,
        )
        items.append(
            {
                "uuid": document_uuid,
                "document_number": f"{document_type.code}-2025-{first + offset:04d}-v01.00",
                "title": name.rsplit(".", 1)[0],
                "status": "DRAFT",
                "priority": "NORMAL",
                "version_major": 1,
                "version_minor": 0,
                "author": author,
                "reviewer": users["reviewer"],
                "approver": users["approver"],
                "is_controlled": True,
                "document_type": document_type,
                "document_source": source,
                **file,
            }
        )
    documents = seeder.rows(Document, items)
    make_versions(seeder, documents, author)
    return documents


def make_versions(seeder, documents, author):
    seeder.rows(
        DocumentVersion,
        [
            {
                "document": document,
                "version_major": 1,
                "version_minor": 0,
                "file_name": document.file_name,
                "file_path": document.file_path,
                "file_size": document.file_size,
                "file_checksum": document.file_checksum,
                "status": document.status,
                "created_by": author,
            }
            for document in documents
        ],
    )


def make_workflow(seeder, document, users, steps):
    """A workflow with its history; `steps` are (acting user, state reached)."""
    workflow = seeder.rows(
        DocumentWorkflow,
        [
            {
                "document": document,
                "initiated_by": users["author"],
                "current_assignee": users["author"],
                "current_state_id": steps[-1][1] if steps else "DRAFT",
                "workflow_type": "REVIEW",
            }
        ],
    )[0]
    reached = "DRAFT"
    history = []
    for username, state in steps:
        history.append(
            {
                "workflow": workflow,
                "from_state_id": reached,
                "to_state_id": state,
                "transitioned_by": users[username],
                "transitioned_at": seeder.moment(),
            }
        )
        reached = state
    seeder.rows(DocumentTransition, history)
    Document.objects.filter(pk=document.pk).update(status=reached)


def make_comments(seeder, documents, users):
    seeder.rows(
        DocumentComment,
        [
            {
                "document": documents[index % len(documents)],
                "author": users["reviewer"],
                "subject": f"Remark {index + 1}",
                "content": text,
                "is_internal": True,
                "metadata": {"content_sha256": hashlib.sha256(text.encode()).hexdigest()},
            }
            for index, text in enumerate(base.COMMENTS)
        ],
    )


def make_dependency(seeder, documents, users):
    seeder.rows(
        DocumentDependency,
        [
            {
                "document": documents[1],
                "depends_on": documents[0],
                "dependency_type": "TEMPLATE",
                "created_by": users["author"],
            }
        ],
    )


def make_access_log(seeder, documents, users, sessions):
    readers = [users[name] for name in ("author", "reviewer", "approver", "viewer")]
    seeder.rows(
        DocumentAccess,
        [
            {
                "document": documents[index % len(documents)],
                "user": readers[index % len(readers)],
                "access_type": "DOWNLOAD" if index % 3 == 0 else "VIEW",
                "access_timestamp": seeder.moment(),
                "ip_address": f"10.20.0.{index + 1}",
                "session_id": sessions[index % len(sessions)],
                "document_version": "1.0",
                "file_downloaded": index % 3 == 0,
                "access_duration": timedelta(seconds=index, microseconds=index * 1001 + 7),
            }
            for index in range(ACCESS_ROWS)
        ],
    )


def make_audit(seeder, documents, users, sessions):
    content_type = ContentType.objects.get_for_model(Document)
    actors = [users["author"], users["reviewer"], None, users["admin"]]
    changes = [
        {"title": {"from": "Entwurf", "to": "Prüfung – ä ö ü ß"}},
        {"status": {"from": "DRAFT", "to": "PENDING_REVIEW"}, "due": {"from": None, "to": "–"}},
        {"pages": {"from": 3, "to": 17}, 'a"b': [1, 2.5, True, None], "Z": {"b": 1, "a": 2}},
        {},
    ]
    AuditTrail.objects.bulk_create(
        audit_row(
            timestamp=seeder.moment(),
            action=["CREATE", "UPDATE", "VIEW", "DOWNLOAD"][index % 4],
            user=actors[index % len(actors)],
            content_type=content_type,
            subject=documents[index % len(documents)],
            field_changes=changes[index % len(changes)],
            uuid=seeder.uuid(),
            session=sessions[index % len(sessions)],
        )
        for index in range(AUDIT_ROWS)
    )


def make_side_audits(seeder, documents, users):
    names = list(users)
    seeder.rows(
        LoginAttempt,
        [
            {
                "username": names[index % len(names)],
                "user": users[names[index % len(names)]],
                "timestamp": seeder.moment(),
                "success": index % 5 != 0,
                "failure_reason": None if index % 5 else "bad credentials",
                "ip_address": "10.20.0.15",
            }
            for index in range(LOGIN_ROWS)
        ],
    )
    seeder.rows(
        DatabaseChange,
        [
            {
                "timestamp": seeder.moment(),
                "table_name": "documents",
                "operation": "UPDATE",
                "record_id": str(documents[index % len(documents)].pk),
                "old_values": {"status": "DRAFT"},
                "new_values": {"status": "PENDING_REVIEW"},
                "user": users["author"],
            }
            for index in range(4)
        ],
    )
    seeder.rows(
        ComplianceEvent,
        [
            {
                "event_type": "REVIEW",
                "timestamp": seeder.moment(),
                "description": "periodic review of access rights",
                "severity": "LOW",
                "resolution_status": "CLOSED",
                "user": users["admin"],
            }
            for _ in range(4)
        ],
    )


def session_row(seeder, user, index):
    """A session as a login would leave it: signed with SECRET_KEY, a fifth of them expired."""
    data = {
        "_auth_user_id": str(user.pk),
        "_auth_user_backend": "django.contrib.auth.backends.ModelBackend",
        "_auth_user_hash": user.get_session_auth_hash(),
    }
    alphabet = "abcdefghijklmnopqrstuvwxyz0123456789"
    age = timedelta(hours=-index) if index % 5 == 4 else timedelta(days=30, minutes=index)
    return Session(
        session_key="".join(seeder.ids.choices(alphabet, k=32)),
        session_data=SessionStore().encode(data),
        expire_date=timezone.now() + age,
    )


def make_sessions(seeder, users):
    active = [user for user in users.values() if user.is_active]
    rows = [session_row(seeder, active[i % len(active)], i) for i in range(SESSIONS)]
    Session.objects.bulk_create(rows)
    return [row.session_key for row in rows]


def spend_ids(seeder):
    """Highest ids that were given out and are gone: a restore must not give them out again."""
    tables = ("documents", "users", "document_comments", "audit_trail")
    with connection.cursor() as cursor:
        for spent, table in enumerate(tables, 3):
            cursor.execute(
                "SELECT nextval(pg_get_serial_sequence(%s, 'id')) FROM generate_series(1, %s)",
                [table, spent],
            )


def make_seed(seed):
    seeder = Seeder(seed)
    make_groups()
    users = make_people(seeder)
    make_roles(seeder, users)
    make_kinds(seeder, users)
    make_schedule(seeder)
    make_backup_settings(seeder, users)
    make_certificate(seeder, users)
    documents = make_documents(seeder, users)
    make_workflow(seeder, documents[0], users, [])
    steps = [
        ("author", "PENDING_REVIEW"),
        ("reviewer", "UNDER_REVIEW"),
        ("reviewer", "REVIEW_COMPLETED"),
        ("author", "PENDING_APPROVAL"),
    ]
    make_workflow(seeder, documents[1], users, steps)
    make_comments(seeder, documents, users)
    make_dependency(seeder, documents, users)
    sessions = make_sessions(seeder, users)
    make_access_log(seeder, documents, users, sessions)
    make_audit(seeder, documents, users, sessions)
    make_side_audits(seeder, documents, users)
    return seeder, users
