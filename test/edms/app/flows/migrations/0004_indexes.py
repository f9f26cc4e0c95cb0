from django.conf import settings
from django.db import migrations

from common.schema import AddIndexes


class Migration(migrations.Migration):
    dependencies = [
        ("contenttypes", "0002_remove_content_type_name"),
        ("flows", "0003_instances"),
        ("library", "0006_indexes"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        AddIndexes(
            {
                "documenttransition": {
                    "transitioned_at": "document_tr_transit_a5c625_idx",
                },
                "documentworkflow": {
                    "workflow_type": "document_wo_workflo_6af9ac_idx",
                    "due_date": "document_wo_due_dat_c71723_idx",
                    "effective_date": "document_wo_effecti_cc32c3_idx",
                },
                "instancetransition": {
                    "transitioned_at": "workflow_tr_transit_dda021_idx",
                },
                "workflowinstance": {
                    "started_at": "workflow_in_started_11cbcd_idx",
                    "is_active": "workflow_in_is_acti_55620b_idx",
                    "due_date": "workflow_in_due_dat_e010d2_idx",
                },
                "workflownotification": {
                    "status": "workflow_no_status_a80f6c_idx",
                    "notification_type": "workflow_no_notific_e6f04e_idx",
                    "sent_at": "workflow_no_sent_at_d43871_idx",
                },
                "workflowrule": {
                    "rule_type": "workflow_ru_rule_ty_20c22b_idx",
                    "is_active": "workflow_ru_is_acti_b75940_idx",
                },
                "workflowtask": {
                    "status": "workflow_ta_status_9b2394_idx",
                    "assigned_at": "workflow_ta_assigne_2869b5_idx",
                    "started_at": "workflow_ta_started_0d9b4e_idx",
                    "task_type": "workflow_ta_task_ty_0c6b24_idx",
                    "due_date": "workflow_ta_due_dat_97fce6_idx",
                },
                "workflowtemplate": {
                    "workflow_type": "workflow_te_workflo_9dbfa4_idx",
                    "is_active": "workflow_te_is_acti_09a88e_idx",
                },
                "workflowtype": {
                    "workflow_type": "workflow_ty_workflo_947044_idx",
                    "is_active": "workflow_ty_is_acti_2b2445_idx",
                },
            }
        ),
    ]
