import uuid

import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="HealthCheck",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("uuid", models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                ("check_name", models.CharField(blank=True, default="", max_length=200)),
                ("check_type", models.CharField(blank=True, default="", max_length=20)),
                ("status", models.CharField(blank=True, default="", max_length=20)),
                ("response_time", models.FloatField(blank=True, default=None, null=True)),
                ("message", models.TextField(blank=True, default="")),
                ("details", models.JSONField(blank=True, default=dict)),
                ("metrics", models.JSONField(blank=True, default=dict)),
                ("checked_at", models.DateTimeField(default=django.utils.timezone.now)),
            ],
            options={
                "db_table": "health_checks",
            },
        ),
        migrations.CreateModel(
            name="SystemMetric",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("uuid", models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                ("metadata", models.JSONField(blank=True, default=dict)),
                ("metric_name", models.CharField(blank=True, default="", max_length=200)),
                ("metric_type", models.CharField(blank=True, default="", max_length=30)),
                ("value", models.FloatField(default=0.0)),
                ("unit", models.CharField(blank=True, default="", max_length=20)),
                ("warning_threshold", models.FloatField(blank=True, default=None, null=True)),
                ("critical_threshold", models.FloatField(blank=True, default=None, null=True)),
                ("status", models.CharField(blank=True, default="", max_length=20)),
                ("recorded_at", models.DateTimeField(default=django.utils.timezone.now)),
            ],
            options={
                "db_table": "system_metrics",
            },
        ),
        migrations.CreateModel(
            name="BackupConfiguration",
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
                ("name", models.CharField(blank=True, default="", max_length=200)),
                ("description", models.TextField(blank=True, default="")),
                (
                    "backup_type",
                    models.CharField(blank=True, db_index=True, default="", max_length=20),
                ),
                ("frequency", models.CharField(blank=True, default="", max_length=20)),
                ("schedule_time", models.TimeField()),
                ("schedule_days", models.JSONField(blank=True, default=list)),
                ("retention_days", models.PositiveIntegerField(default=0)),
                ("max_backups", models.PositiveIntegerField(default=0)),
                ("storage_path", models.CharField(blank=True, default="", max_length=500)),
                ("compression_enabled", models.BooleanField(default=False)),
                ("encryption_enabled", models.BooleanField(default=False)),
                ("status", models.CharField(blank=True, default="", max_length=20)),
                ("is_enabled", models.BooleanField(default=True)),
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
                "db_table": "backup_configurations",
            },
        ),
        migrations.CreateModel(
            name="BackupJob",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("uuid", models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now)),
                ("job_name", models.CharField(blank=True, default="", max_length=200)),
                ("backup_type", models.CharField(blank=True, default="", max_length=20)),
                ("started_at", models.DateTimeField(blank=True, null=True)),
                ("completed_at", models.DateTimeField(blank=True, null=True)),
                ("duration", models.DurationField(blank=True, null=True)),
                ("status", models.CharField(blank=True, default="", max_length=20)),
                ("backup_file_path", models.CharField(blank=True, default="", max_length=500)),
                ("backup_size", models.BigIntegerField(blank=True, default=None, null=True)),
                ("compression_ratio", models.FloatField(blank=True, default=None, null=True)),
                ("error_message", models.TextField(blank=True, default="")),
                ("retry_count", models.PositiveIntegerField(default=0)),
                ("max_retries", models.PositiveIntegerField(default=0)),
                ("checksum", models.CharField(blank=True, default="", max_length=64)),
                ("is_valid", models.BooleanField(default=False)),
                ("validation_errors", models.JSONField(blank=True, default=list)),
                (
                    "configuration",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="safekeeping.backupconfiguration",
                    ),
                ),
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
                "db_table": "backup_jobs",
            },
        ),
        migrations.CreateModel(
            name="RecoveryPlan",
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
                ("name", models.CharField(blank=True, default="", max_length=200)),
                ("description", models.TextField(blank=True, default="")),
                ("disaster_type", models.CharField(blank=True, default="", max_length=30)),
                ("recovery_procedures", models.TextField(blank=True, default="")),
                ("estimated_recovery_time", models.DurationField()),
                ("required_resources", models.JSONField(blank=True, default=list)),
                ("responsible_team", models.JSONField(blank=True, default=list)),
                ("emergency_contacts", models.JSONField(blank=True, default=list)),
                ("status", models.CharField(blank=True, default="", max_length=20)),
                ("version", models.CharField(blank=True, default="", max_length=20)),
                ("last_tested", models.DateTimeField(blank=True, null=True)),
                ("test_results", models.TextField(blank=True, default="")),
                ("next_test_due", models.DateTimeField(blank=True, null=True)),
                (
                    "approved_by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
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
                "db_table": "disaster_recovery_plans",
            },
        ),
        migrations.CreateModel(
            name="RestoreJob",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("uuid", models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now)),
                ("restore_type", models.CharField(blank=True, default="", max_length=20)),
                ("target_location", models.CharField(blank=True, default="", max_length=500)),
                ("restore_options", models.JSONField(blank=True, default=dict)),
                ("started_at", models.DateTimeField(blank=True, null=True)),
                ("completed_at", models.DateTimeField(blank=True, null=True)),
                ("duration", models.DurationField(blank=True, null=True)),
                ("status", models.CharField(blank=True, default="", max_length=20)),
                ("restored_items_count", models.PositiveIntegerField(default=0)),
                ("failed_items_count", models.PositiveIntegerField(default=0)),
                ("error_message", models.TextField(blank=True, default="")),
                ("restore_log", models.TextField(blank=True, default="")),
                (
                    "approved_by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "backup_job",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="safekeeping.backupjob",
                    ),
                ),
                (
                    "requested_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "db_table": "restore_jobs",
            },
        ),
    ]
