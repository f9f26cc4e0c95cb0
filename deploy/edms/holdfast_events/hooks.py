"""When the application speaks by itself."""

from django.core.management.base import CommandError
from django.db.models.signals import post_delete, post_save, pre_migrate

from holdfast_events import types
from holdfast_events.config import read_config
from holdfast_events.emit import BackupMissing, emit, emit_later


def connect(app_config):
    config = read_config()
    if config is None:
        return
    if config.BEFORE_MIGRATE:
        pre_migrate.connect(before_migrate, sender=app_config, dispatch_uid="holdfast_events")
    for type, models in config.ON_CHANGE.items():
        for model in models:
            uid = f"holdfast_events {type} {model}"
            post_save.connect(say_row(type), sender=model, weak=False, dispatch_uid=uid)
            post_delete.connect(say_row(type), sender=model, weak=False, dispatch_uid=uid)
    for type, models in config.ON_CREATE.items():
        for model in models:
            uid = f"holdfast_events {type} {model}"
            post_save.connect(say_row(type, created_only=True), sender=model, weak=False, dispatch_uid=uid)


def before_migrate(sender, plan=(), using="default", **_):
    """Sent before the first statement of a migration: an exception here means that none is run."""
    if not plan:
        return
    migrations = [f"{migration.app_label}.{migration.name}" for migration, _backwards in plan]
    try:
        emit(types.MIGRATION_PENDING, {"migrations": migrations, "database": using}, wait=True)
    except BackupMissing as error:
        raise CommandError(f"no migration was run, for there is no backup: {error}") from error


def say_row(type, *, created_only=False):
    def receiver(sender, instance, created=False, raw=False, **_):
        # `raw`: a fixture is loaded; whoever loads it says so once (bulk_import).
        if raw or (created_only and not created):
            return
        emit_later(type, {"model": sender._meta.label, "pk": str(instance.pk)})

    return receiver
