import uuid

import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("library", "0001_initial"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Document",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("uuid", models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now)),
                ("updated_at", models.DateTimeField(auto_now=True)),
                ("metadata", models.JSONField(blank=True, default=dict)),
                ("document_number", models.CharField(max_length=50, unique=True)),
                ("title", models.CharField(blank=True, default="", max_length=255)),
                ("description", models.TextField(blank=True, default="")),
                ("keywords", models.CharField(blank=True, default="", max_length=500)),
                ("version_major", models.PositiveIntegerField(default=1)),
                ("version_minor", models.PositiveIntegerField(default=0)),
                ("status", models.CharField(blank=True, default="", max_length=30)),
                ("priority", models.CharField(blank=True, default="", max_length=10)),
                ("file_name", models.CharField(blank=True, default="", max_length=255)),
                ("file_path", models.CharField(blank=True, default="", max_length=500)),
                ("file_size", models.BigIntegerField(blank=True, default=None, null=True)),
                ("file_checksum", models.CharField(blank=True, default="", max_length=64)),
                ("mime_type", models.CharField(blank=True, default="", max_length=100)),
                ("is_encrypted", models.BooleanField(default=False)),
                ("encryption_metadata", models.JSONField(blank=True, default=dict)),
                ("review_date", models.DateTimeField(blank=True, null=True)),
                ("approval_date", models.DateTimeField(blank=True, null=True)),
                ("effective_date", models.DateField(blank=True, null=True)),
                ("review_due_date", models.DateField(blank=True, null=True)),
                ("obsolete_date", models.DateField(blank=True, null=True)),
                ("reason_for_change", models.TextField(blank=True, default="")),
                ("change_summary", models.TextField(blank=True, default="")),
                ("is_active", models.BooleanField(default=True)),
                ("requires_training", models.BooleanField(default=False)),
                ("is_controlled", models.BooleanField(default=False)),
                ("search_vector", models.TextField(blank=True, default="")),
                ("obsolescence_date", models.DateField(blank=True, null=True)),
                ("obsolescence_reason", models.TextField(blank=True, default="")),
                (
                    "approver",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "author",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "document_source",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="library.documentsource",
                    ),
                ),
                (
                    "document_type",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="library.documenttype",
                    ),
                ),
                (
                    "obsoleted_by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "reviewer",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "supersedes",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to="library.document",
                    ),
                ),
            ],
            options={
                "db_table": "documents",
            },
        ),
    ]
