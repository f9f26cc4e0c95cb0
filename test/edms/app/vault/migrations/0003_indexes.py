from django.conf import settings
from django.db import migrations

from common.schema import AddIndexes


class Migration(migrations.Migration):
    dependencies = [
        ("library", "0006_indexes"),
        ("vault", "0002_signatures"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        AddIndexes(
            {
                "certificateauthority": {
                    "ca_type": "security_ce_ca_type_20b6c5_idx",
                    "valid_until": "security_ce_valid_u_9c1e91_idx",
                },
                "digitalsignature": {
                    "status": "security_di_status_df28f6_idx",
                    "signed_at": "security_di_signed__43d927_idx",
                },
                "encryptionkey": {
                    "key_type": "security_en_key_typ_f92c8b_idx",
                    "is_active": "security_en_is_acti_161074_idx",
                    "expires_at": "security_en_expires_60354b_idx",
                },
                "pdfrun": {
                    "status": "security_pd_status_8a5b7d_idx",
                    "generation_type": "security_pd_generat_876304_idx",
                },
                "securityevent": {
                    "timestamp": "security_ev_timesta_96e9ee_idx",
                    "event_type": "security_ev_event_t_77edde_idx",
                    "severity": "security_ev_severit_dac121_idx",
                },
                "signingcertificate": {
                    "certificate_type": "security_pd_certifi_d0956c_idx",
                    "is_active": "security_pd_is_acti_ebcbba_idx",
                    "valid_until": "security_pd_valid_u_506a6e_idx",
                },
            }
        ),
    ]
