from django.contrib.auth.models import AbstractUser

from common.bases import Annotated, Created, Identified, Updated
from common.fields import count, data, flag, key, link, moment, owner, part_of, person, prose, short
from common.schema import indexed


class User(AbstractUser, Identified, Created, Updated, Annotated):
    employee_id = key(20, null=True)
    phone_number = short(20, null=True)
    department = short(100, null=True)
    position = short(100, null=True)
    is_validated = flag()
    validation_date = moment(null=True)
    validation_expiry = moment(null=True)
    password_changed_at = moment()
    mfa_enabled = flag()
    failed_login_attempts = count()
    account_locked_until = moment(null=True)
    created_by = person(null=True)
    manager = person(null=True)

    class Meta:
        db_table = "users"
        indexes = indexed("is_active", "created_at")


class Role(Identified, Created, Updated, Annotated):
    name = key(100)
    description = prose()
    module = short(2)
    permission_level = short(10)
    is_active = flag(True)
    is_system_role = flag()
    created_by = person(null=True)
    inherits_from = link("self", null=True)

    class Meta:
        db_table = "roles"
        unique_together = [("module", "permission_level")]
        indexes = indexed("is_active", "module", "created_at")


class UserRole(Identified, Annotated):
    assigned_at = moment()
    expires_at = moment(null=True)
    is_active = flag(True)
    revoked_at = moment(null=True)
    assignment_reason = prose()
    revocation_reason = prose()
    assigned_by = person(null=True)
    revoked_by = person(null=True)
    role = part_of("people.Role")
    user = owner()

    class Meta:
        db_table = "user_roles"
        unique_together = [("user", "role")]
        indexes = indexed("assigned_at", "is_active", "expires_at")


class MfaDevice(Identified, Created, Annotated):
    device_type = short(10)
    name = short(100)
    secret_key = short(200)
    backup_codes = data(list)
    phone_number = short(20)
    email_address = short(254)
    is_active = flag(True)
    is_verified = flag()
    last_used_at = moment(null=True)
    usage_count = count()
    verified_at = moment(null=True)
    user = owner()

    class Meta:
        db_table = "mfa_devices"
        indexes = indexed("device_type", "is_active", "created_at")
