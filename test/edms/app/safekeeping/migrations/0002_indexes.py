from django.conf import settings
from django.db import migrations

from common.schema import AddIndexes


class Migration(migrations.Migration):
    dependencies = [
        ("safekeeping", "0001_initial"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        AddIndexes(
            {
                "backupconfiguration": {
                    "status": "backup_conf_status_d81266_idx",
                    "is_enabled": "backup_conf_is_enab_af7572_idx",
                },
                "backupjob": {
                    "status": "backup_jobs_status_a40201_idx",
                    "started_at": "backup_jobs_started_6e5bc7_idx",
                    "backup_type": "backup_jobs_backup__778838_idx",
                },
                "healthcheck": {
                    "status": "health_chec_status_fc7291_idx",
                    "checked_at": "health_chec_checked_22aed7_idx",
                    "check_type": "health_chec_check_t_105f70_idx",
                },
                "recoveryplan": {
                    "status": "disaster_re_status_b3060a_idx",
                    "disaster_type": "disaster_re_disaste_715fc3_idx",
                },
                "restorejob": {
                    "status": "restore_job_status_c0686d_idx",
                    "started_at": "restore_job_started_77e399_idx",
                    "restore_type": "restore_job_restore_4fd9f4_idx",
                },
                "systemmetric": {
                    "status": "system_metr_status_1e6815_idx",
                    "recorded_at": "system_metr_recorde_0f191b_idx",
                    "metric_type": "system_metr_metric__054eaf_idx",
                },
            }
        ),
    ]
