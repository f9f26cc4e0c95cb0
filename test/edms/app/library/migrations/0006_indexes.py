from django.conf import settings
from django.db import migrations, models

from common.schema import AddIndexes, check


class Migration(migrations.Migration):
    dependencies = [
        ("library", "0005_merge_comments_access_log"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        AddIndexes(
            {
                "document": {
                    "status": "documents_status_f31a08_idx",
                    "is_active": "documents_is_acti_a803bb_idx",
                    "effective_date": "documents_effecti_70d0cc_idx",
                    "review_due_date": "documents_review__367769_idx",
                    "priority": "documents_priorit_4b1a4a_idx",
                },
                "documentaccess": {
                    "access_timestamp": "document_ac_access__884b6a_idx",
                    "access_type": "document_ac_access__040168_idx",
                },
                "documentattachment": {
                    "uploaded_at": "document_at_uploade_0f3fe0_idx",
                    "attachment_type": "document_at_attachm_2a37d1_idx",
                    "is_active": "document_at_is_acti_0fc9d3_idx",
                },
                "documentcomment": {
                    "comment_type": "document_co_comment_3614ff_idx",
                    "created_at": "document_co_created_6a2ad3_idx",
                },
                "documentdependency": {
                    "dependency_type": "document_de_depende_44d990_idx",
                    "is_active": "document_de_is_acti_388fed_idx",
                    "created_at": "document_de_created_b7c24d_idx",
                },
                "documentsource": {
                    "source_type": "document_so_source__b256ba_idx",
                    "is_active": "document_so_is_acti_25958e_idx",
                    "created_at": "document_so_created_8937de_idx",
                },
                "documenttype": {
                    "is_active": "document_ty_is_acti_8fb3c1_idx",
                    "created_at": "document_ty_created_c9f0c7_idx",
                },
                "documentversion": {
                    "status": "document_ve_status_a32f5e_idx",
                    "created_at": "document_ve_created_c8d81d_idx",
                },
            }
        ),
        migrations.AddConstraint(
            model_name="document",
            constraint=check(
                models.Q(("version_major__range", (1, 99))), "document_major_in_range"
            ),
        ),
        migrations.AddConstraint(
            model_name="document",
            constraint=check(
                models.Q(("version_minor__range", (0, 99))), "document_minor_in_range"
            ),
        ),
        migrations.AddConstraint(
            model_name="documentdependency",
            constraint=check(
                models.Q(("document", models.F("depends_on")), _negated=True),
                "dependency_not_on_itself",
            ),
        ),
    ]
