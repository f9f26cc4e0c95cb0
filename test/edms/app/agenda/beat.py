"""What beat's database scheduler makes of the schedule tables, without writing to them."""

from django_celery_beat.models import CrontabSchedule, PeriodicTask
from django_celery_beat.schedulers import DatabaseScheduler

from registrar.celery import app

ENTRIES_WANTED = 5


def entry_view(entry):
    return {
        "name": entry.name,
        "task": entry.task,
        "schedule": " ".join(str(entry.schedule).split()),
        "args": entry.args,
        "kwargs": entry.kwargs,
        "enabled": entry.model.enabled,
        "total_run_count": entry.total_run_count,
        "known_task": entry.task in app.tasks,
    }


def beat_check():
    """Loads the schedule through the DatabaseScheduler and lists its entries; nothing that the hour of day changes."""
    app.loader.import_default_modules()
    scheduler = DatabaseScheduler(app=app, lazy=True)
    entries = [entry_view(entry) for _, entry in sorted(scheduler.all_as_schedule().items())]
    return {
        "ok": len(entries) >= ENTRIES_WANTED and all(entry["known_task"] for entry in entries),
        "entries": entries,
        "tasks": PeriodicTask.objects.count(),
        "crontabs": CrontabSchedule.objects.count(),
    }
