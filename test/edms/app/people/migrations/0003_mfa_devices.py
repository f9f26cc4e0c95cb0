import uuid

import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("people", "0002_roles"),
    ]

    operations = [
        migrations.CreateModel(
            name="MfaDevice",
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
                ("device_type", models.CharField(blank=True, default="", max_length=10)),
                ("name", models.CharField(blank=True, default="", max_length=100)),
                ("secret_key", models.CharField(blank=True, default="", max_length=200)),
                ("backup_codes", models.JSONField(blank=True, default=list)),
                ("phone_number", models.CharField(blank=True, default="", max_length=20)),
                ("email_address", models.CharField(blank=True, default="", max_length=254)),
                ("is_active", models.BooleanField(default=True)),
                ("is_verified", models.BooleanField(default=False)),
                ("last_used_at", models.DateTimeField(blank=True, null=True)),
                ("usage_count", models.PositiveIntegerField(default=0)),
                ("verified_at", models.DateTimeField(blank=True, null=True)),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "db_table": "mfa_devices",
            },
        ),
    ]
