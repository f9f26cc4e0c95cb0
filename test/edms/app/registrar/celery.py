from registrar.environment import load_environment

load_environment()

from celery import Celery  # noqa: E402  the settings module must be named before the app is made

app = Celery("registrar")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
