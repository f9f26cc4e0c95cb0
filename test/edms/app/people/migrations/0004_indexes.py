from django.db import migrations

from common.schema import AddIndexes


class Migration(migrations.Migration):
    dependencies = [
        ("auth", "0012_alter_user_first_name_max_length"),
        ("people", "0003_mfa_devices"),
    ]

    operations = [
        AddIndexes(
            {
                "mfadevice": {
                    "device_type": "mfa_devices_device__b12961_idx",
                    "is_active": "mfa_devices_is_acti_4dd7ad_idx",
                    "created_at": "mfa_devices_created_3063bb_idx",
                },
                "role": {
                    "is_active": "roles_is_acti_723ee4_idx",
                    "module": "roles_module_148c50_idx",
                    "created_at": "roles_created_e4bab6_idx",
                },
                "user": {
                    "is_active": "users_is_acti_847b48_idx",
                    "created_at": "users_created_6541e9_idx",
                },
                "userrole": {
                    "assigned_at": "user_roles_assigne_f2447a_idx",
                    "is_active": "user_roles_is_acti_a67329_idx",
                    "expires_at": "user_roles_expires_aafda2_idx",
                },
            }
        ),
    ]
