"""`HOLDFAST_EVENTS` of the project's settings. Without it the application is silent, as in a test suite."""

from __future__ import annotations

import socket
from dataclasses import dataclass, field

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured


@dataclass(frozen=True)
class Config:
    # Name of the deployment in its spec.
    DEPLOYMENT: str
    # The command line as an argument list; no shell is involved.
    COMMAND: list = field(default_factory=lambda: ["holdfast"])
    # Home folder of the stack; None: what HOLDFAST_HOME says.
    HOME: str | None = None
    # Who says it; part of what makes an event "the same".
    SOURCE: str = f"edms/{socket.gethostname()}"
    # How long a migration waits for its committed backup: a number and s, m, h or d.
    TIMEOUT: str = "30m"
    # Migrations wait for a committed backup and do not begin without one.
    BEFORE_MIGRATE: bool = True
    # Type of an event -> models ("app.Model") that say it when a row was saved or deleted.
    ON_CHANGE: dict = field(default_factory=dict)
    # Type of an event -> models that say it when a row was created.
    ON_CREATE: dict = field(default_factory=dict)


def read_config():
    """None where the project does not use it; every unknown key is an error."""
    given = getattr(settings, "HOLDFAST_EVENTS", None)
    if given is None:
        return None
    unknown = sorted(set(given) - set(Config.__dataclass_fields__))
    if unknown or not given.get("DEPLOYMENT"):
        raise ImproperlyConfigured(
            f"HOLDFAST_EVENTS: unknown keys {unknown}; DEPLOYMENT is {given.get('DEPLOYMENT')!r}"
        )
    return Config(**given)
