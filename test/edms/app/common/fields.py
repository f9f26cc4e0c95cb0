"""The column kinds of the schema, one short name each; all are ordinary Django fields."""

from cryptography.fernet import Fernet
from django.conf import settings
from django.db import models
from django.utils import timezone


def fernet():
    return Fernet(settings.EDMS_MASTER_KEY.encode())


class EncryptedTextField(models.TextField):
    """Text that rests in the database as a Fernet token under EDMS_MASTER_KEY."""

    def from_db_value(self, value, expression, connection):
        return value if value is None else fernet().decrypt(value.encode()).decode()

    def get_prep_value(self, value):
        value = super().get_prep_value(value)
        return value if value is None else fernet().encrypt(value.encode()).decode()


def key(length, null=False):
    return models.CharField(max_length=length, unique=True, null=null, blank=null)


def short(length, null=False, index=False):
    if null:
        return models.CharField(max_length=length, null=True, blank=True, db_index=index)
    return models.CharField(max_length=length, blank=True, default="", db_index=index)


def prose(null=False):
    if null:
        return models.TextField(null=True, blank=True)
    return models.TextField(blank=True, default="")


def encrypted():
    return EncryptedTextField()


def flag(default=False):
    return models.BooleanField(default=default, null=default is None)


def count(default=0, null=False):
    return models.PositiveIntegerField(default=None if null else default, null=null, blank=null)


def number(null=False):
    return models.IntegerField(default=None if null else 0, null=null, blank=null)


def size(null=False):
    return models.BigIntegerField(default=None if null else 0, null=null, blank=null)


def real(null=False):
    return models.FloatField(default=None if null else 0.0, null=null, blank=null)


def moment(null=False):
    if null:
        return models.DateTimeField(null=True, blank=True)
    return models.DateTimeField(default=timezone.now)


def span(null=False):
    return models.DurationField(null=null, blank=null)


def data(default=dict):
    return models.JSONField(default=default, blank=True)


def address(null=False):
    if null:
        return models.GenericIPAddressField(null=True, blank=True)
    return models.GenericIPAddressField(default="127.0.0.1")


def link(to, null=False):
    """A reference whose target may not be removed; an optional one is emptied instead."""
    rule = models.SET_NULL if null else models.PROTECT
    return models.ForeignKey(to, on_delete=rule, null=null, blank=null, related_name="+")


def part_of(to, null=False):
    return models.ForeignKey(to, on_delete=models.CASCADE, null=null, blank=null, related_name="+")


def sole(to):
    return models.OneToOneField(to, on_delete=models.CASCADE, related_name="+")


def person(null=False):
    return models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        null=null,
        blank=null,
        related_name="+",
    )


def owner():
    return part_of(settings.AUTH_USER_MODEL)


def many(to):
    return models.ManyToManyField(to, blank=True, related_name="+")
