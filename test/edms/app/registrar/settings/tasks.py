from registrar.environment import text

CELERY_BROKER_URL = text("CELERY_BROKER_URL", "memory://")
CELERY_TIMEZONE = "UTC"
CELERY_BEAT_SCHEDULER = "django_celery_beat.schedulers:DatabaseScheduler"
# No results are kept, so the scheduler adds no clean-up entry of its own to the table.
CELERY_RESULT_EXPIRES = None
DJANGO_CELERY_BEAT_TZ_AWARE = True
