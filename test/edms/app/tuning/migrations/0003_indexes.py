from django.conf import settings
from django.db import migrations, models

from common.schema import AddIndexes


class Migration(migrations.Migration):
    dependencies = [
        ("tuning", "0002_templates"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        AddIndexes(
            {
                "configurationchange": {
                    "changed_at": "configurati_changed_ba4197_idx",
                    "change_type": "configurati_change__21fe56_idx",
                },
                "featuretoggle": {
                    "is_enabled": "feature_tog_is_enab_72c956_idx",
                },
                "notificationtemplate": {
                    "template_type": "notificatio_templat_b63ef6_idx",
                    "event_type": "notificatio_event_t_876fe4_idx",
                    "is_active": "notificatio_is_acti_f33840_idx",
                },
                "systemconfiguration": {
                    "setting_type": "system_conf_setting_053688_idx",
                },
                "uicustomization": {
                    "status": "ui_customiz_status_1d64b3_idx",
                },
            }
        ),
        migrations.AddConstraint(
            model_name="notificationtemplate",
            constraint=models.UniqueConstraint(
                condition=models.Q(("is_default", True)),
                fields=("template_type", "event_type", "is_default"),
                name="one_default_per_event",
            ),
        ),
    ]
