"""What only some sites have: marks that a start leaves behind, and shelves and boxes that need each other."""

from django.db import models
from django.utils import timezone


class SiteLock(models.Model):
    name = models.CharField(max_length=50, unique=True)
    holder = models.IntegerField()
    taken_at = models.DateTimeField(default=timezone.now)

    class Meta:
        db_table = "site_locks"


class SiteEventType(models.Model):
    code = models.CharField(max_length=50, unique=True)

    class Meta:
        db_table = "site_event_types"


class SiteStart(models.Model):
    """Says which copy of the application, so that a copy that started on this database is found here."""

    app_root = models.CharField(max_length=500)
    pid = models.IntegerField()
    started_at = models.DateTimeField(default=timezone.now)

    class Meta:
        db_table = "site_starts"


class Shelf(models.Model):
    name = models.CharField(max_length=50, unique=True)
    front_box = models.ForeignKey("annexe.Box", on_delete=models.PROTECT, related_name="+")

    class Meta:
        db_table = "shelves"


class Box(models.Model):
    name = models.CharField(max_length=50, unique=True)
    shelf = models.ForeignKey("annexe.Shelf", on_delete=models.PROTECT, related_name="boxes")

    class Meta:
        db_table = "boxes"
