from django.core.exceptions import ImproperlyConfigured

from registrar.environment import flag, listed, text


def required(name):
    value = text(name)
    if not value:
        raise ImproperlyConfigured(f"{name} is not set")
    return value


SECRET_KEY = required("SECRET_KEY")
EDMS_MASTER_KEY = required("EDMS_MASTER_KEY")
ALLOWED_HOSTS = listed("ALLOWED_HOSTS")

AUTH_USER_MODEL = "people.User"
PASSWORD_HASHERS = ["people.hashers.SteadyPBKDF2"]

SESSION_ENGINE = "django.contrib.sessions.backends.db"
SESSION_COOKIE_AGE = int(text("SESSION_COOKIE_AGE", "28800"))
SESSION_COOKIE_SECURE = flag("SESSION_COOKIE_SECURE")
