from django.db import models

from common.bases import Created, Identified, Updated
from common.fields import (
    address,
    count,
    data,
    flag,
    key,
    many,
    moment,
    part_of,
    person,
    prose,
    short,
)
from common.schema import indexed


class SystemConfiguration(Identified, Created, Updated):
    key = key(100)
    display_name = short(200)
    description = prose()
    category = short(20, index=True)
    setting_type = short(20)
    value = prose()
    default_value = prose()
    validation_rules = data()
    allowed_values = data(list)
    is_sensitive = flag()
    requires_restart = flag()
    is_user_configurable = flag()
    updated_by = person(null=True)

    class Meta:
        db_table = "system_configurations"
        indexes = indexed("setting_type")


class ConfigurationChange(Identified):
    change_type = short(20)
    old_value = prose()
    new_value = prose()
    change_reason = prose()
    changed_at = moment()
    ip_address = address(null=True)
    changed_by = person()
    configuration = part_of("tuning.SystemConfiguration")

    class Meta:
        db_table = "configuration_history"
        indexes = indexed("changed_at", "change_type")


class UiCustomization(Identified, Created, Updated):
    name = short(200)
    description = prose()
    customization_type = short(20, index=True)
    settings_data = data()
    uploaded_file = short(100, null=True)
    status = short(20)
    is_default = flag()
    target_departments = data(list)
    created_by = person()
    target_users = many("people.User")

    class Meta:
        db_table = "ui_customizations"
        indexes = indexed("status")


class FeatureToggle(Identified, Created, Updated):
    key = key(100)
    name = short(200)
    description = prose()
    toggle_type = short(20, index=True)
    is_enabled = flag(True)
    conditions = data()
    target_roles = data(list)
    rollout_percentage = count()
    start_date = moment(null=True)
    end_date = moment(null=True)
    created_by = person()
    target_users = many("people.User")

    class Meta:
        db_table = "feature_toggles"
        indexes = indexed("is_enabled")


class NotificationTemplate(Identified, Created, Updated):
    name = short(200)
    description = prose()
    template_type = short(20)
    event_type = short(30)
    subject_template = short(200)
    body_template = prose()
    html_template = prose()
    available_variables = data(list)
    is_active = flag(True)
    is_default = flag()
    version = short(20)
    created_by = person()

    class Meta:
        db_table = "notification_templates"
        indexes = indexed("template_type", "event_type", "is_active")
        constraints = [
            models.UniqueConstraint(
                fields=["template_type", "event_type", "is_default"],
                condition=models.Q(is_default=True),
                name="one_default_per_event",
            ),
        ]
