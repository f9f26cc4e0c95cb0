from django.conf import settings
from django.db import migrations

from common.schema import AddIndexes


class Migration(migrations.Migration):
    dependencies = [
        ("agenda", "0001_initial"),
        ("library", "0006_indexes"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        AddIndexes(
            {
                "documentschedule": {
                    "status": "document_sc_status_0ed994_idx",
                    "executed_at": "document_sc_execute_7400a2_idx",
                    "schedule_type": "document_sc_schedul_437932_idx",
                    "scheduled_date": "document_sc_schedul_13be95_idx",
                },
                "notificationqueue": {
                    "status": "notificatio_status_d492b5_idx",
                    "scheduled_at": "notificatio_schedul_e0c4f4_idx",
                    "notification_type": "notificatio_notific_2281fa_idx",
                    "sent_at": "notificatio_sent_at_dd13d0_idx",
                    "priority": "notificatio_priorit_187d59_idx",
                },
                "scheduledtask": {
                    "status": "scheduled_t_status_257909_idx",
                    "task_type": "scheduled_t_task_ty_2ba556_idx",
                    "frequency_type": "scheduled_t_frequen_97eafd_idx",
                    "next_run": "scheduled_t_next_ru_7fe38f_idx",
                },
                "systemhealthcheck": {
                    "status": "system_heal_status_85055a_idx",
                    "checked_at": "system_heal_checked_218935_idx",
                    "check_type": "system_heal_check_t_b11347_idx",
                },
                "taskexecution": {
                    "status": "task_execut_status_7b46d5_idx",
                    "started_at": "task_execut_started_5eddd0_idx",
                },
            }
        ),
    ]
