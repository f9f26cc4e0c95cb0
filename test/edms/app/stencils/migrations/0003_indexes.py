from django.conf import settings
from django.db import migrations

from common.schema import AddIndexes


class Migration(migrations.Migration):
    dependencies = [
        ("library", "0006_indexes"),
        ("stencils", "0002_generations"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        AddIndexes(
            {
                "cachedvalue": {
                    "expires_at": "placeholder_expires_f0fb75_idx",
                },
                "documenttemplate": {
                    "status": "document_te_status_9016e3_idx",
                    "template_type": "document_te_templat_f8e9c1_idx",
                },
                "generation": {
                    "status": "document_ge_status_b8dcef_idx",
                    "started_at": "document_ge_started_6b8c6a_idx",
                },
                "placeholder": {
                    "placeholder_type": "placeholder_placeho_893e80_idx",
                    "is_active": "placeholder_is_acti_8fc159_idx",
                },
            }
        ),
    ]
