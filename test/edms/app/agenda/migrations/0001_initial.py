import uuid

import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("library", "0003_versions"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="SystemHealthCheck",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("uuid", models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                ("metadata", models.JSONField(blank=True, default=dict)),
                ("check_type", models.CharField(blank=True, default="", max_length=30)),
                ("checked_at", models.DateTimeField(default=django.utils.timezone.now)),
                ("status", models.CharField(blank=True, default="", max_length=20)),
                ("message", models.TextField(blank=True, default="")),
                ("details", models.JSONField(blank=True, default=dict)),
                ("response_time", models.FloatField(blank=True, default=None, null=True)),
                ("value", models.FloatField(blank=True, default=None, null=True)),
                ("threshold_warning", models.FloatField(blank=True, default=None, null=True)),
                ("threshold_critical", models.FloatField(blank=True, default=None, null=True)),
            ],
            options={
                "db_table": "system_health_checks",
            },
        ),
        migrations.CreateModel(
            name="DocumentSchedule",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("uuid", models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now)),
                ("metadata", models.JSONField(blank=True, default=dict)),
                ("schedule_type", models.CharField(blank=True, default="", max_length=20)),
                ("scheduled_date", models.DateTimeField(default=django.utils.timezone.now)),
                ("description", models.CharField(blank=True, default="", max_length=255)),
                ("action_data", models.JSONField(blank=True, default=dict)),
                ("status", models.CharField(blank=True, default="", max_length=20)),
                ("executed_at", models.DateTimeField(blank=True, null=True)),
                ("execution_result", models.JSONField(blank=True, default=dict)),
                ("error_message", models.TextField(blank=True, default="")),
                (
                    "created_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "document",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="library.document",
                    ),
                ),
                (
                    "executed_by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "notification_users",
                    models.ManyToManyField(
                        blank=True, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
            ],
            options={
                "db_table": "document_schedules",
            },
        ),
        migrations.CreateModel(
            name="NotificationQueue",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("uuid", models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now)),
                ("metadata", models.JSONField(blank=True, default=dict)),
                ("notification_type", models.CharField(blank=True, default="", max_length=20)),
                ("priority", models.CharField(blank=True, default="", max_length=10)),
                ("recipient_emails", models.JSONField(blank=True, default=list)),
                ("subject", models.CharField(blank=True, default="", max_length=255)),
                ("message", models.TextField(blank=True, default="")),
                ("notification_data", models.JSONField(blank=True, default=dict)),
                ("scheduled_at", models.DateTimeField(default=django.utils.timezone.now)),
                ("sent_at", models.DateTimeField(blank=True, null=True)),
                ("status", models.CharField(blank=True, default="", max_length=20)),
                ("delivery_channels", models.JSONField(blank=True, default=list)),
                ("delivery_attempts", models.PositiveIntegerField(default=0)),
                ("max_attempts", models.PositiveIntegerField(default=0)),
                ("error_message", models.TextField(blank=True, default="")),
                (
                    "created_by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "recipients",
                    models.ManyToManyField(
                        blank=True, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
            ],
            options={
                "db_table": "notification_queue",
            },
        ),
        migrations.CreateModel(
            name="ScheduledTask",
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
                ("name", models.CharField(max_length=200, unique=True)),
                ("description", models.TextField(blank=True, default="")),
                ("task_type", models.CharField(blank=True, default="", max_length=30)),
                ("task_module", models.CharField(blank=True, default="", max_length=200)),
                ("task_function", models.CharField(blank=True, default="", max_length=100)),
                ("task_args", models.JSONField(blank=True, default=list)),
                ("task_kwargs", models.JSONField(blank=True, default=dict)),
                ("frequency_type", models.CharField(blank=True, default="", max_length=20)),
                ("cron_expression", models.CharField(blank=True, default="", max_length=100)),
                ("interval_value", models.PositiveIntegerField(default=0)),
                ("start_date", models.DateTimeField(default=django.utils.timezone.now)),
                ("end_date", models.DateTimeField(blank=True, null=True)),
                ("next_run", models.DateTimeField(blank=True, null=True)),
                ("last_run", models.DateTimeField(blank=True, null=True)),
                ("timeout_seconds", models.PositiveIntegerField(default=0)),
                ("max_retries", models.PositiveIntegerField(default=0)),
                ("retry_delay_seconds", models.PositiveIntegerField(default=0)),
                ("status", models.CharField(blank=True, default="", max_length=20)),
                ("is_running", models.BooleanField(default=False)),
                ("total_runs", models.PositiveIntegerField(default=0)),
                ("successful_runs", models.PositiveIntegerField(default=0)),
                ("failed_runs", models.PositiveIntegerField(default=0)),
                ("last_error", models.TextField(blank=True, default="")),
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
                "db_table": "scheduled_tasks",
            },
        ),
        migrations.CreateModel(
            name="TaskExecution",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("uuid", models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                ("metadata", models.JSONField(blank=True, default=dict)),
                ("started_at", models.DateTimeField(default=django.utils.timezone.now)),
                ("completed_at", models.DateTimeField(blank=True, null=True)),
                ("status", models.CharField(blank=True, default="", max_length=20)),
                ("celery_task_id", models.CharField(blank=True, default="", max_length=100)),
                ("worker_hostname", models.CharField(blank=True, default="", max_length=255)),
                ("result", models.JSONField(blank=True, default=dict)),
                ("error_message", models.TextField(blank=True, default="")),
                ("output_log", models.TextField(blank=True, default="")),
                ("execution_time", models.DurationField(blank=True, null=True)),
                ("memory_usage", models.IntegerField(blank=True, default=None, null=True)),
                ("cpu_usage", models.FloatField(blank=True, default=None, null=True)),
                (
                    "scheduled_task",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="agenda.scheduledtask",
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
                "db_table": "task_executions",
            },
        ),
    ]
