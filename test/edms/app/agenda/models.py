from common.bases import Annotated, Created, Identified, Updated
from common.fields import (
    count,
    data,
    flag,
    key,
    many,
    moment,
    number,
    part_of,
    person,
    prose,
    real,
    short,
    span,
)
from common.schema import indexed


class ScheduledTask(Identified, Created, Updated, Annotated):
    name = key(200)
    description = prose()
    task_type = short(30)
    task_module = short(200)
    task_function = short(100)
    task_args = data(list)
    task_kwargs = data()
    frequency_type = short(20)
    cron_expression = short(100)
    interval_value = count()
    start_date = moment()
    end_date = moment(null=True)
    next_run = moment(null=True)
    last_run = moment(null=True)
    timeout_seconds = count()
    max_retries = count()
    retry_delay_seconds = count()
    status = short(20)
    is_running = flag()
    total_runs = count()
    successful_runs = count()
    failed_runs = count()
    last_error = prose()
    created_by = person()

    class Meta:
        db_table = "scheduled_tasks"
        indexes = indexed("status", "task_type", "frequency_type", "next_run")


class TaskExecution(Identified, Annotated):
    started_at = moment()
    completed_at = moment(null=True)
    status = short(20)
    celery_task_id = short(100)
    worker_hostname = short(255)
    result = data()
    error_message = prose()
    output_log = prose()
    execution_time = span(null=True)
    memory_usage = number(null=True)
    cpu_usage = real(null=True)
    scheduled_task = part_of("agenda.ScheduledTask")
    triggered_by = person(null=True)

    class Meta:
        db_table = "task_executions"
        indexes = indexed("status", "started_at")


class DocumentSchedule(Identified, Created, Annotated):
    schedule_type = short(20)
    scheduled_date = moment()
    description = short(255)
    action_data = data()
    status = short(20)
    executed_at = moment(null=True)
    execution_result = data()
    error_message = prose()
    created_by = person()
    document = part_of("library.Document")
    executed_by = person(null=True)
    notification_users = many("people.User")

    class Meta:
        db_table = "document_schedules"
        indexes = indexed("status", "executed_at", "schedule_type", "scheduled_date")


class NotificationQueue(Identified, Created, Annotated):
    notification_type = short(20)
    priority = short(10)
    recipient_emails = data(list)
    subject = short(255)
    message = prose()
    notification_data = data()
    scheduled_at = moment()
    sent_at = moment(null=True)
    status = short(20)
    delivery_channels = data(list)
    delivery_attempts = count()
    max_attempts = count()
    error_message = prose()
    created_by = person(null=True)
    recipients = many("people.User")

    class Meta:
        db_table = "notification_queue"
        indexes = indexed("status", "scheduled_at", "notification_type", "sent_at", "priority")


class SystemHealthCheck(Identified, Annotated):
    check_type = short(30)
    checked_at = moment()
    status = short(20)
    message = prose()
    details = data()
    response_time = real(null=True)
    value = real(null=True)
    threshold_warning = real(null=True)
    threshold_critical = real(null=True)

    class Meta:
        db_table = "system_health_checks"
        indexes = indexed("status", "checked_at", "check_type")
