"""What a user may do: by group, by permission and by object."""

from library.models import Document
from people.models import UserRole

OBJECTS_MAX = 500


def object_rights(user, document):
    own = document.author_id == user.pk
    senior_needed = document.is_controlled and document.status == "EFFECTIVE"
    approve = "library.senior_approve_document" if senior_needed else "library.approve_document"
    return {
        "view": own or user.has_perm("library.view_document"),
        "edit": own and document.status == "DRAFT" and user.has_perm("library.change_document"),
        "review": not own and user.has_perm("library.review_document"),
        "approve": not own and user.has_perm(approve),
        "delete": user.has_perm("library.delete_document"),
    }


def role_view(user_role):
    role = user_role.role
    return {"name": role.name, "module": role.module, "level": role.permission_level}


def rights_of(user):
    documents = Document.objects.order_by("pk")[:OBJECTS_MAX]
    roles = UserRole.objects.filter(user=user, is_active=True).select_related("role")
    return {
        "username": user.username,
        "is_superuser": user.is_superuser,
        "is_staff": user.is_staff,
        "groups": sorted(user.groups.values_list("name", flat=True)),
        "roles": [role_view(user_role) for user_role in roles.order_by("role__name")],
        "permissions": sorted(user.get_all_permissions()),
        "objects": [
            {
                "uuid": str(document.uuid),
                "document_number": document.document_number,
                **object_rights(user, document),
            }
            for document in documents
        ],
    }
