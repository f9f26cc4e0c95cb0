from django.conf import settings
from django.db import migrations

from common.schema import AddIndexes


class Migration(migrations.Migration):
    dependencies = [
        ("contenttypes", "0002_remove_content_type_name"),
        ("ledger", "0004_append_only"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        AddIndexes(
            {
                "auditconfiguration": {
                    "is_active": "audit_confi_is_acti_251a7c_idx",
                },
                "auditevent": {
                    "started_at": "audit_event_started_250d23_idx",
                    "event_type": "audit_event_event_t_24c271_idx",
                },
                "auditquery": {
                    "timestamp": "audit_query_timesta_8f9d0a_idx",
                    "query_type": "audit_query_query_t_1cbed3_idx",
                },
                "audittrail": {
                    "timestamp": "audit_trail_timesta_d857c8_idx",
                    "action": "audit_trail_action_5388db_idx",
                    "object_id": "audit_trail_object__7bed01_idx",
                },
                "complianceevent": {
                    "timestamp": "compliance__timesta_cf0ff6_idx",
                    "event_type": "compliance__event_t_c1cb8b_idx",
                    "severity": "compliance__severit_cf95f2_idx",
                },
                "compliancereport": {
                    "status": "compliance__status_dd1ef5_idx",
                    "generated_at": "compliance__generat_e629d2_idx",
                    "report_type": "compliance__report__bd6739_idx",
                    "expires_at": "compliance__expires_e3d7ef_idx",
                },
                "databasechange": {
                    "timestamp": "database_ch_timesta_c8f05d_idx",
                    "operation": "database_ch_operati_4555bc_idx",
                    "action": "database_ch_action_978f42_idx",
                },
                "integritycheck": {
                    "status": "data_integr_status_963e51_idx",
                    "started_at": "data_integr_started_e34910_idx",
                    "check_type": "data_integr_check_t_fa2c99_idx",
                },
                "loginattempt": {
                    "timestamp": "login_audit_timesta_2abe35_idx",
                },
                "sessionrecord": {
                    "login_timestamp": "user_sessio_login_t_afc183_idx",
                    "logout_timestamp": "user_sessio_logout__6d0aab_idx",
                    "is_active": "user_sessio_is_acti_760994_idx",
                },
                "systemevent": {
                    "timestamp": "system_even_timesta_72a25c_idx",
                    "event_type": "system_even_event_t_7f12a3_idx",
                    "severity": "system_even_severit_8b827f_idx",
                },
            }
        ),
    ]
