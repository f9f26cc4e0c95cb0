"""Documents as an EDMS has them. No signal is connected: loaddata has nothing to do but to load."""

from django.db import models


class Person(models.Model):
    uuid = models.UUIDField(unique=True)
    username = models.CharField(max_length=100, unique=True)
    created_at = models.DateTimeField()


class Kind(models.Model):
    name = models.CharField(max_length=100, unique=True)


class Document(models.Model):
    uuid = models.UUIDField(unique=True)
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()
    metadata = models.JSONField()
    document_number = models.CharField(max_length=100, unique=True)
    title = models.TextField()
    description = models.TextField()
    version_major = models.IntegerField()
    version_minor = models.IntegerField()
    status = models.CharField(max_length=30, db_index=True)
    file_name = models.TextField()
    file_path = models.CharField(max_length=100)
    file_size = models.BigIntegerField(null=True)
    file_checksum = models.CharField(max_length=64)
    is_encrypted = models.BooleanField()
    effective_date = models.DateField(null=True)
    author = models.ForeignKey(Person, models.PROTECT, related_name="+")
    reviewer = models.ForeignKey(Person, models.PROTECT, null=True, related_name="+")
    kind = models.ForeignKey(Kind, models.PROTECT)
    supersedes = models.ForeignKey("self", models.PROTECT, null=True)
