"""The instance's .env: always 836 bytes, with everything an env file may legally hold."""

ENV_BYTES = 836
PADDING = "# Prüfsumme beachten: this file is kept byte for byte. "

TEMPLATE = """\
# EDMS environment
DJANGO_SETTINGS_MODULE=registrar.settings.production
SECRET_KEY='{secret_key}' # signs sessions
EDMS_MASTER_KEY="{master_key}"
ENVIRONMENT=production

DB_NAME={name}
DB_USER={user}
DB_PASSWORD="{password}"
DB_HOST={host}
DB_PORT={port}
ALLOWED_HOSTS=localhost,127.0.0.1
SESSION_COOKIE_AGE=28800   # 8 h
SESSION_COOKIE_SECURE=False
MEDIA_ROOT=storage/media
CERTIFICATES_ROOT=certificates
UPLOAD_BYTES_MAX=52428800
LOG_LEVEL=INFO
CELERY_BROKER_URL=memory://
EMAIL_HOST=localhost
EMAIL_PORT=25
EMAIL_USE_TLS=False
DEFAULT_FROM_EMAIL="EDMS # <edms@edms.example>"
FRONTEND_URL=http://localhost:3000
TESSERACT_CMD=
BACKEND_PORT={app_port}
"""


def padding(size):
    """A comment line of exactly `size` bytes, its newline included."""
    if size < 2:
        return "\n" * size
    body = (PADDING * (size // len(PADDING) + 1)).encode()[: size - 1]
    cut = body.decode(errors="ignore")
    return cut + "." * (size - 1 - len(cut.encode())) + "\n"


def env_text(**values):
    text = TEMPLATE.format(**values)
    room = ENV_BYTES - len(text.encode())
    if room < 0:
        raise ValueError(f"the environment is {-room} bytes longer than {ENV_BYTES}")
    return text + padding(room)
