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
            name="SigningCertificate",
            fields=[
                ("uuid", models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now)),
                ("id", models.AutoField(primary_key=True, serialize=False)),
                ("name", models.CharField(blank=True, default="", max_length=200)),
                ("certificate_type", models.CharField(blank=True, default="", max_length=20)),
                ("certificate_pem", models.TextField(blank=True, default="")),
                ("private_key_pem", models.TextField(blank=True, default="")),
                ("public_key_pem", models.TextField(blank=True, default="")),
                ("subject_cn", models.CharField(blank=True, default="", max_length=200)),
                ("issuer_name", models.CharField(blank=True, default="", max_length=200)),
                ("serial_number", models.CharField(max_length=100, unique=True)),
                ("valid_from", models.DateTimeField(default=django.utils.timezone.now)),
                ("valid_until", models.DateTimeField(default=django.utils.timezone.now)),
                ("is_active", models.BooleanField(default=True)),
                ("is_default", models.BooleanField(default=False)),
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
                "db_table": "security_pdfsigningcertificate",
            },
        ),
    ]
