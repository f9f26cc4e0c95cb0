from django.db import models

from common.bases import Annotated, Created, Identified, Updated
from common.fields import (
    address,
    count,
    data,
    flag,
    key,
    link,
    many,
    moment,
    number,
    part_of,
    person,
    prose,
    short,
    sole,
)
from common.schema import indexed


class DocumentState(models.Model):
    code = models.CharField(max_length=50, primary_key=True)
    name = short(100)
    description = prose()
    is_initial = flag()
    is_final = flag()

    class Meta:
        db_table = "workflow_document_states"


class DocumentWorkflow(Identified, Created, Updated):
    due_date = moment(null=True)
    workflow_data = data()
    current_assignee = person(null=True)
    current_state = link("flows.DocumentState")
    document = sole("library.Document")
    initiated_by = person()
    effective_date = models.DateField(null=True, blank=True)
    is_terminated = flag()
    last_approved_state = short(50)
    obsoleting_date = models.DateField(null=True, blank=True)
    obsoleting_reason = prose()
    selected_approver = person(null=True)
    selected_reviewer = person(null=True)
    termination_reason = prose()
    up_version_reason = prose()
    workflow_type = short(50)

    class Meta:
        db_table = "document_workflows"
        indexes = indexed("workflow_type", "due_date", "effective_date")


class DocumentTransition(Identified):
    transitioned_at = moment()
    comment = prose()
    transition_data = data()
    from_state = link("flows.DocumentState")
    to_state = link("flows.DocumentState")
    transitioned_by = person()
    workflow = part_of("flows.DocumentWorkflow")

    class Meta:
        db_table = "document_transitions"
        indexes = indexed("transitioned_at")


class WorkflowType(Identified, Created, Annotated):
    name = key(100)
    workflow_type = short(20)
    description = prose()
    is_active = flag(True)
    requires_approval = flag()
    allows_parallel = flag()
    auto_transition = flag()
    timeout_days = count(null=True)
    reminder_days = number(null=True)
    created_by = person()

    class Meta:
        db_table = "workflow_types"
        indexes = indexed("workflow_type", "is_active")


class WorkflowInstance(Identified, Annotated):
    state = short(50)
    object_id = short(100)
    started_at = moment()
    completed_at = moment(null=True)
    due_date = moment(null=True)
    is_active = flag(True)
    is_completed = flag()
    completion_reason = short(200)
    workflow_data = data()
    content_type = link("contenttypes.ContentType")
    current_assignee = person(null=True)
    initiated_by = person()
    workflow_type = link("flows.WorkflowType")

    class Meta:
        db_table = "workflow_instances"
        indexes = indexed("started_at", "is_active", "due_date")


class WorkflowTask(Identified, Created, Annotated):
    name = short(200)
    description = prose()
    task_type = short(20)
    priority = short(10)
    assigned_at = moment()
    started_at = moment(null=True)
    completed_at = moment(null=True)
    due_date = moment(null=True)
    status = short(20)
    completion_note = prose()
    task_data = data()
    result_data = data()
    assigned_by = person()
    assigned_to = person()
    workflow_instance = part_of("flows.WorkflowInstance")

    class Meta:
        db_table = "workflow_tasks"
        indexes = indexed("status", "assigned_at", "started_at", "task_type", "due_date")


class InstanceTransition(Identified, Annotated):
    from_state = short(100)
    to_state = short(100)
    transition_name = short(100)
    transitioned_at = moment()
    ip_address = address(null=True)
    user_agent = prose()
    session_id = short(40)
    comment = prose()
    transition_data = data()
    transitioned_by = person()
    workflow_instance = part_of("flows.WorkflowInstance")

    class Meta:
        db_table = "workflow_transitions"
        indexes = indexed("transitioned_at")


class WorkflowRule(Identified, Created, Annotated):
    name = short(100)
    description = prose()
    rule_type = short(20)
    conditions = data()
    actions = data()
    is_active = flag(True)
    execution_order = number()
    created_by = person()
    workflow_type = part_of("flows.WorkflowType")

    class Meta:
        db_table = "workflow_rules"
        indexes = indexed("rule_type", "is_active")


class WorkflowNotification(Identified, Created, Annotated):
    notification_type = short(20)
    subject = short(255)
    message = prose()
    notification_data = data()
    sent_at = moment(null=True)
    status = short(20)
    error_message = prose()
    channels = data(list)
    recipient = person()
    workflow_instance = part_of("flows.WorkflowInstance")

    class Meta:
        db_table = "workflow_notifications"
        indexes = indexed("status", "notification_type", "sent_at")


class WorkflowTemplate(Identified, Created, Annotated):
    name = key(100)
    description = prose()
    workflow_type = short(20)
    states_config = data()
    transitions_config = data()
    tasks_config = data()
    rules_config = data()
    is_active = flag(True)
    is_default = flag()
    version = count(1)
    created_by = person()
    document_types = many("library.DocumentType")

    class Meta:
        db_table = "workflow_templates"
        unique_together = [("name", "version")]
        indexes = indexed("workflow_type", "is_active")
