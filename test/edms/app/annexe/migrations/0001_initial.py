import django.db.models.deletion
import django.utils.timezone
from django.db import migrations, models


def table(name, db_table, *fields):
    how = {"primary_key": True, "serialize": False, "auto_created": True, "verbose_name": "ID"}
    fields = [("id", models.BigAutoField(**how)), *fields]
    return migrations.CreateModel(name=name, fields=fields, options={"db_table": db_table})


def named():
    return ("name", models.CharField(max_length=50, unique=True))


def code():
    return ("code", models.CharField(max_length=50, unique=True))


def required(to, related_name, **how):
    protect = django.db.models.deletion.PROTECT
    return models.ForeignKey(on_delete=protect, related_name=related_name, to=to, **how)


def moment():
    return models.DateTimeField(default=django.utils.timezone.now)


class Migration(migrations.Migration):
    initial = True
    dependencies = []

    operations = [
        table(
            "SiteLock",
            "site_locks",
            named(),
            ("holder", models.IntegerField()),
            ("taken_at", moment()),
        ),
        table("SiteEventType", "site_event_types", code()),
        table(
            "SiteStart",
            "site_starts",
            ("app_root", models.CharField(max_length=500)),
            ("pid", models.IntegerField()),
            ("started_at", moment()),
        ),
        table("Shelf", "shelves", named()),
        table("Box", "boxes", named(), ("shelf", required("annexe.shelf", "boxes"))),
        migrations.AddField(
            model_name="shelf",
            name="front_box",
            field=required("annexe.box", "+", default=0),
            preserve_default=False,
        ),
    ]
