"""Fixed points in time: the generator never asks the clock for what it writes into a row."""

from datetime import datetime, timedelta, timezone

FOUNDED = datetime(2025, 11, 3, 7, 30, 0, 418_027, tzinfo=timezone.utc)
LOAD_START = datetime(2024, 1, 2, 6, 0, 0, 3, tzinfo=timezone.utc)


def after(minutes, microseconds=0):
    return FOUNDED + timedelta(minutes=minutes, microseconds=microseconds)
