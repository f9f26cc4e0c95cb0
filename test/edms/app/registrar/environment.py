"""The application's environment: `.env` beside manage.py, outranked by the process environment."""

import os
from pathlib import Path

APP_ROOT = Path(__file__).resolve().parent.parent
QUOTES = {"'", '"'}


def parse_value(raw):
    """A quoted value ends at its closing quote; a bare one at ` #` or at the end of the line."""
    raw = raw.strip()
    if raw[:1] in QUOTES:
        end = raw.find(raw[0], 1)
        return raw[1:end] if end > 0 else raw[1:]
    return raw.split(" #", 1)[0].rstrip()


def parse_env(text):
    pairs = {}
    for line in text.splitlines():
        line = line.strip()
        if not line or line.startswith("#") or "=" not in line:
            continue
        name, raw = line.removeprefix("export ").split("=", 1)
        pairs[name.strip()] = parse_value(raw)
    return pairs


def load_environment(path=APP_ROOT / ".env"):
    if path.exists():
        for name, value in parse_env(path.read_text(encoding="utf-8")).items():
            os.environ.setdefault(name, value)
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "registrar.settings.production")


def text(name, default=None):
    return os.environ.get(name, default)


def flag(name, default=False):
    return os.environ.get(name, str(default)).strip().lower() in {"1", "true", "yes", "on"}


def listed(name):
    return [part.strip() for part in os.environ.get(name, "").split(",") if part.strip()]
