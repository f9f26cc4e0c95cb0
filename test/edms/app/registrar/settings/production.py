from registrar.environment import APP_ROOT, text
from registrar.local import apply_local
from registrar.settings.base import *  # noqa: F403
from registrar.settings.database import *  # noqa: F403
from registrar.settings.security import *  # noqa: F403
from registrar.settings.storage import *  # noqa: F403
from registrar.settings.tasks import *  # noqa: F403

DEBUG = False
LOG_LEVEL = text("LOG_LEVEL", "INFO")
LOGS_ROOT = APP_ROOT / "logs"
LOGS_ROOT.mkdir(exist_ok=True)


def log_file(name):
    return {
        "class": "logging.handlers.WatchedFileHandler",
        "filename": str(LOGS_ROOT / name),
        "formatter": "line",
        "delay": True,
    }


LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "%(asctime)s %(levelname)s %(name)s %(message)s"}},
    "handlers": {"app": log_file("edms.log"), "security": log_file("security.log")},
    "loggers": {
        "edms": {"handlers": ["app"], "level": LOG_LEVEL},
        "edms.security": {"handlers": ["security"], "level": LOG_LEVEL, "propagate": False},
        "django": {"handlers": ["app"], "level": "WARNING"},
    },
}

apply_local(globals())
