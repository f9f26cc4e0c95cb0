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
            name="DocumentTemplate",
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
                ("template_type", models.CharField(blank=True, default="", max_length=20)),
                ("file_path", models.CharField(blank=True, default="", max_length=500)),
                (
                    "output_filename_pattern",
                    models.CharField(blank=True, default="", max_length=200),
                ),
                ("processing_rules", models.JSONField(blank=True, default=dict)),
                ("version", models.CharField(blank=True, default="", max_length=20)),
                ("status", models.CharField(blank=True, default="", max_length=20)),
                ("is_default", models.BooleanField(default=False)),
                ("usage_count", models.PositiveIntegerField(default=0)),
                ("last_used", models.DateTimeField(blank=True, null=True)),
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
                "db_table": "document_templates",
                "unique_together": {("name", "version")},
            },
        ),
        migrations.CreateModel(
            name="Placeholder",
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
                ("name", models.CharField(max_length=100, unique=True)),
                ("display_name", models.CharField(blank=True, default="", max_length=200)),
                ("description", models.TextField(blank=True, default="")),
                ("placeholder_type", models.CharField(blank=True, default="", max_length=20)),
                ("data_source", models.CharField(blank=True, default="", max_length=30)),
                ("source_field", models.CharField(blank=True, default="", max_length=100)),
                ("format_string", models.CharField(blank=True, default="", max_length=100)),
                ("date_format", models.CharField(blank=True, default="", max_length=50)),
                ("default_value", models.TextField(blank=True, default="")),
                ("validation_rules", models.JSONField(blank=True, default=dict)),
                ("is_active", models.BooleanField(default=True)),
                ("requires_permission", models.CharField(blank=True, default="", max_length=50)),
                ("cache_duration", models.IntegerField(default=0)),
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
                "db_table": "placeholder_definitions",
            },
        ),
        migrations.CreateModel(
            name="TemplatePlaceholder",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("uuid", models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now)),
                ("is_required", models.BooleanField(default=False)),
                ("default_value", models.TextField(blank=True, default="")),
                ("validation_rules", models.JSONField(blank=True, default=dict)),
                ("order", models.IntegerField(default=0)),
                ("format_override", models.CharField(blank=True, default="", max_length=100)),
                (
                    "placeholder",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="stencils.placeholder",
                    ),
                ),
                (
                    "template",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="stencils.documenttemplate",
                    ),
                ),
            ],
            options={
                "db_table": "template_placeholders",
                "unique_together": {("template", "placeholder")},
            },
        ),
    ]
