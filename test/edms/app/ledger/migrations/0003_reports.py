import uuid

import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("ledger", "0002_events"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="AuditConfiguration",
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
                ("name", models.CharField(max_length=100, unique=True)),
                ("description", models.TextField(blank=True, default="")),
                ("enable_field_tracking", models.BooleanField(default=False)),
                ("enable_relationship_tracking", models.BooleanField(default=False)),
                ("track_create", models.BooleanField(default=False)),
                ("track_update", models.BooleanField(default=False)),
                ("track_delete", models.BooleanField(default=False)),
                ("retention_days", models.PositiveIntegerField(default=0)),
                ("compress_old_records", models.BooleanField(default=False)),
                ("async_logging", models.BooleanField(default=False)),
                ("batch_size", models.PositiveIntegerField(default=0)),
                ("is_active", models.BooleanField(default=True)),
                (
                    "created_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "db_table": "audit_configurations",
            },
        ),
        migrations.CreateModel(
            name="ComplianceReport",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("uuid", models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                ("metadata", models.JSONField(blank=True, default=dict)),
                ("name", models.CharField(blank=True, default="", max_length=200)),
                ("report_type", models.CharField(blank=True, default="", max_length=30)),
                ("description", models.TextField(blank=True, default="")),
                ("date_from", models.DateTimeField(default=django.utils.timezone.now)),
                ("date_to", models.DateTimeField(default=django.utils.timezone.now)),
                ("filters", models.JSONField(blank=True, default=dict)),
                ("generated_at", models.DateTimeField(default=django.utils.timezone.now)),
                ("status", models.CharField(blank=True, default="", max_length=20)),
                ("report_data", models.JSONField(blank=True, default=dict)),
                ("summary_stats", models.JSONField(blank=True, default=dict)),
                ("file_path", models.CharField(blank=True, default="", max_length=500)),
                ("file_size", models.BigIntegerField(default=0)),
                ("report_checksum", models.CharField(blank=True, default="", max_length=64)),
                ("digital_signature", models.TextField(blank=True, default="")),
                ("expires_at", models.DateTimeField(blank=True, null=True)),
                ("is_archived", models.BooleanField(default=False)),
                ("archived_at", models.DateTimeField(blank=True, null=True)),
                (
                    "generated_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "db_table": "compliance_reports",
            },
        ),
        migrations.CreateModel(
            name="IntegrityCheck",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("uuid", models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                ("metadata", models.JSONField(blank=True, default=dict)),
                ("check_type", models.CharField(blank=True, default="", max_length=20)),
                ("started_at", models.DateTimeField(default=django.utils.timezone.now)),
                ("completed_at", models.DateTimeField(blank=True, null=True)),
                ("scope", models.CharField(blank=True, default="", max_length=200)),
                ("parameters", models.JSONField(blank=True, default=dict)),
                ("status", models.CharField(blank=True, default="", max_length=20)),
                ("items_checked", models.PositiveIntegerField(default=0)),
                ("items_passed", models.PositiveIntegerField(default=0)),
                ("items_failed", models.PositiveIntegerField(default=0)),
                ("findings", models.JSONField(blank=True, default=list)),
                ("recommendations", models.TextField(blank=True, default="")),
                ("is_automated", models.BooleanField(default=True)),
                ("execution_time", models.DurationField(blank=True, null=True)),
                (
                    "triggered_by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "db_table": "data_integrity_checks",
            },
        ),
    ]
