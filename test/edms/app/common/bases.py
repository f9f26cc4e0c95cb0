"""Columns that most tables share."""

import uuid

from django.db import models
from django.utils import timezone


class Identified(models.Model):
    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)

    class Meta:
        abstract = True


class Created(models.Model):
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        abstract = True


class Updated(models.Model):
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        abstract = True


class Annotated(models.Model):
    metadata = models.JSONField(default=dict, blank=True)

    class Meta:
        abstract = True
