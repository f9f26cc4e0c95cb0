from django.db import models

from common.bases import Annotated, Created, Identified, Updated
from common.fields import (
    count,
    data,
    flag,
    link,
    moment,
    part_of,
    person,
    prose,
    real,
    short,
    size,
    span,
)
from common.schema import indexed


class BackupConfiguration(Identified, Created, Updated):
    name = short(200)
    description = prose()
    backup_type = short(20, index=True)
    frequency = short(20)
    schedule_time = models.TimeField()
    schedule_days = data(list)
    retention_days = count()
    max_backups = count()
    storage_path = short(500)
    compression_enabled = flag()
    encryption_enabled = flag()
    status = short(20)
    is_enabled = flag(True)
    created_by = person()

    class Meta:
        db_table = "backup_configurations"
        indexes = indexed("status", "is_enabled")


class BackupJob(Identified, Created):
    job_name = short(200)
    backup_type = short(20)
    started_at = moment(null=True)
    completed_at = moment(null=True)
    duration = span(null=True)
    status = short(20)
    backup_file_path = short(500)
    backup_size = size(null=True)
    compression_ratio = real(null=True)
    error_message = prose()
    retry_count = count()
    max_retries = count()
    checksum = short(64)
    is_valid = flag()
    validation_errors = data(list)
    configuration = part_of("safekeeping.BackupConfiguration")
    triggered_by = person(null=True)

    class Meta:
        db_table = "backup_jobs"
        indexes = indexed("status", "started_at", "backup_type")


class RestoreJob(Identified, Created):
    restore_type = short(20)
    target_location = short(500)
    restore_options = data()
    started_at = moment(null=True)
    completed_at = moment(null=True)
    duration = span(null=True)
    status = short(20)
    restored_items_count = count()
    failed_items_count = count()
    error_message = prose()
    restore_log = prose()
    approved_by = person(null=True)
    backup_job = link("safekeeping.BackupJob")
    requested_by = person()

    class Meta:
        db_table = "restore_jobs"
        indexes = indexed("status", "started_at", "restore_type")


class HealthCheck(Identified):
    check_name = short(200)
    check_type = short(20)
    status = short(20)
    response_time = real(null=True)
    message = prose()
    details = data()
    metrics = data()
    checked_at = moment()

    class Meta:
        db_table = "health_checks"
        indexes = indexed("status", "checked_at", "check_type")


class SystemMetric(Identified, Annotated):
    metric_name = short(200)
    metric_type = short(30)
    value = real()
    unit = short(20)
    warning_threshold = real(null=True)
    critical_threshold = real(null=True)
    status = short(20)
    recorded_at = moment()

    class Meta:
        db_table = "system_metrics"
        indexes = indexed("status", "recorded_at", "metric_type")


class RecoveryPlan(Identified, Created, Updated):
    name = short(200)
    description = prose()
    disaster_type = short(30)
    recovery_procedures = prose()
    estimated_recovery_time = span()
    required_resources = data(list)
    responsible_team = data(list)
    emergency_contacts = data(list)
    status = short(20)
    version = short(20)
    last_tested = moment(null=True)
    test_results = prose()
    next_test_due = moment(null=True)
    approved_by = person(null=True)
    created_by = person()

    class Meta:
        db_table = "disaster_recovery_plans"
        indexes = indexed("status", "disaster_type")
