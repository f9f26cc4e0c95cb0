import uuid

import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("library", "0003_versions"),
        ("stencils", "0001_initial"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Generation",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("uuid", models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now)),
                ("output_format", models.CharField(blank=True, default="", max_length=20)),
                ("context_data", models.JSONField(blank=True, default=dict)),
                ("generation_options", models.JSONField(blank=True, default=dict)),
                ("status", models.CharField(blank=True, default="", max_length=20)),
                ("output_file_path", models.CharField(blank=True, default="", max_length=500)),
                ("output_filename", models.CharField(blank=True, default="", max_length=200)),
                ("file_size", models.IntegerField(blank=True, default=None, null=True)),
                ("file_checksum", models.CharField(blank=True, default="", max_length=64)),
                ("started_at", models.DateTimeField(blank=True, null=True)),
                ("completed_at", models.DateTimeField(blank=True, null=True)),
                ("processing_time", models.DurationField(blank=True, null=True)),
                ("error_message", models.TextField(blank=True, default="")),
                (
                    "requested_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "source_document",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to="library.document",
                    ),
                ),
                (
                    "template",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="stencils.documenttemplate",
                    ),
                ),
            ],
            options={
                "db_table": "document_generations",
            },
        ),
        migrations.CreateModel(
            name="CachedValue",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("uuid", models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now)),
                ("cache_key", models.CharField(blank=True, default="", max_length=255)),
                ("cached_value", models.TextField(blank=True, default="")),
                ("context_hash", models.CharField(blank=True, default="", max_length=64)),
                ("expires_at", models.DateTimeField(default=django.utils.timezone.now)),
                ("hit_count", models.PositiveIntegerField(default=0)),
                (
                    "placeholder",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="stencils.placeholder",
                    ),
                ),
            ],
            options={
                "db_table": "placeholder_cache",
                "unique_together": {("placeholder", "cache_key")},
            },
        ),
    ]
