import django.db.models.deletion
import django.utils.timezone
from django.db import migrations, models


def table(name, db_table, *fields):
    key = ("id", models.BigAutoField(primary_key=True, serialize=False, auto_created=True, verbose_name="ID"))
    return migrations.CreateModel(name=name, fields=[key, *fields], options={"db_table": db_table})


def named():
    return ("name", models.CharField(max_length=50, unique=True))


def moment():
    return models.DateTimeField(default=django.utils.timezone.now)


class Migration(migrations.Migration):
    initial = True
    dependencies = []

    operations = [
        table("SiteLock", "site_locks", named(), ("holder", models.IntegerField()), ("taken_at", moment())),
        table("SiteEventType", "site_event_types", ("code", models.CharField(max_length=50, unique=True))),
        table(
            "SiteStart",
            "site_starts",
            ("app_root", models.CharField(max_length=500)),
            ("pid", models.IntegerField()),
            ("started_at", moment()),
        ),
        table("Shelf", "shelves", named()),
        table(
            "Box",
            "boxes",
            named(),
            (
                "shelf",
                models.ForeignKey(
                    on_delete=django.db.models.deletion.PROTECT, related_name="boxes", to="annexe.shelf"
                ),
            ),
        ),
        migrations.AddField(
            model_name="shelf",
            name="front_box",
            field=models.ForeignKey(
                default=0, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="annexe.box"
            ),
            preserve_default=False,
        ),
    ]
