from registrar.environment import text

DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": text("DB_NAME", "edms_db"),
        "USER": text("DB_USER", "edms_user"),
        "PASSWORD": text("DB_PASSWORD", ""),
        "HOST": text("DB_HOST", "localhost"),
        "PORT": text("DB_PORT", "5432"),
        "CONN_MAX_AGE": 0,
        "OPTIONS": {"connect_timeout": 10},
    }
}
