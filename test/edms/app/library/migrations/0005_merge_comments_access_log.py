from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [
        ("library", "0004_access_log"),
        ("library", "0004_comments"),
    ]
    operations = []
