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
    person,
    prose,
    short,
    size,
    span,
)
from common.schema import indexed


class AuditTrail(Identified, Annotated):
    timestamp = moment()
    action = short(30)
    severity = short(10)
    user_display_name = short(200)
    session_id = short(40)
    ip_address = address(null=True)
    user_agent = prose()
    object_id = short(100, null=True)
    object_representation = short(200)
    field_changes = data()
    old_values = data()
    new_values = data()
    description = prose()
    module = short(10)
    request_path = short(500)
    request_method = short(10)
    checksum = short(64)
    is_tampered = flag()
    verification_status = short(20)
    content_type = link("contenttypes.ContentType", null=True)
    user = person(null=True)

    class Meta:
        db_table = "audit_trail"
        indexes = indexed("timestamp", "action", "object_id")


class DatabaseChange(Identified):
    timestamp = moment()
    table_name = short(100, index=True)
    operation = short(20)
    record_id = short(100)
    old_values = data()
    new_values = data()
    user = person(null=True)
    action = short(30, null=True)
    content_type = link("contenttypes.ContentType", null=True)
    ip_address = address(null=True)
    object_id = short(100, null=True)
    session_id = short(40, null=True)
    integrity_hash = short(64, null=True)

    class Meta:
        db_table = "database_change_log"
        indexes = indexed("timestamp", "operation", "action")


class LoginAttempt(Identified):
    username = short(150, index=True)
    timestamp = moment()
    success = flag(True)
    ip_address = address(null=True)
    user_agent = prose(null=True)
    failure_reason = short(200, null=True)
    user = person(null=True)

    class Meta:
        db_table = "login_audit"
        indexes = indexed("timestamp")


class SystemEvent(Identified):
    event_type = short(20)
    timestamp = moment()
    description = prose()
    details = data()
    severity = short(10)

    class Meta:
        db_table = "system_events"
        indexes = indexed("timestamp", "event_type", "severity")


class ComplianceEvent(Identified):
    event_type = short(20)
    timestamp = moment()
    description = prose()
    severity = short(10)
    resolution_status = short(20)
    user = person(null=True)

    class Meta:
        db_table = "compliance_events"
        indexes = indexed("timestamp", "event_type", "severity")


class AuditQuery(Identified, Annotated):
    timestamp = moment()
    query_type = short(20)
    ip_address = address(null=True)
    user_agent = prose()
    session_id = short(40)
    query_description = prose()
    filters_applied = data()
    records_accessed = count()
    date_from = moment(null=True)
    date_to = moment(null=True)
    purpose = short(200)
    user = person()

    class Meta:
        db_table = "audit_query_logs"
        indexes = indexed("timestamp", "query_type")


class SessionRecord(Identified):
    session_key = key(40)
    ip_address = address()
    user_agent = prose()
    login_timestamp = moment()
    last_activity = moment()
    logout_timestamp = moment(null=True)
    is_active = flag(True)
    user = person()

    class Meta:
        db_table = "user_sessions_audit"
        indexes = indexed("login_timestamp", "logout_timestamp", "is_active")


class IntegrityCheck(Identified, Annotated):
    check_type = short(20)
    started_at = moment()
    completed_at = moment(null=True)
    scope = short(200)
    parameters = data()
    status = short(20)
    items_checked = count()
    items_passed = count()
    items_failed = count()
    findings = data(list)
    recommendations = prose()
    is_automated = flag(True)
    execution_time = span(null=True)
    triggered_by = person(null=True)

    class Meta:
        db_table = "data_integrity_checks"
        indexes = indexed("status", "started_at", "check_type")


class ComplianceReport(Identified, Annotated):
    name = short(200)
    report_type = short(30)
    description = prose()
    date_from = moment()
    date_to = moment()
    filters = data()
    generated_at = moment()
    status = short(20)
    report_data = data()
    summary_stats = data()
    file_path = short(500)
    file_size = size()
    report_checksum = short(64)
    digital_signature = prose()
    expires_at = moment(null=True)
    is_archived = flag()
    archived_at = moment(null=True)
    generated_by = person()

    class Meta:
        db_table = "compliance_reports"
        indexes = indexed("status", "generated_at", "report_type", "expires_at")


class AuditEvent(Identified, Annotated):
    event_type = short(30)
    title = short(200)
    description = prose()
    started_at = moment()
    completed_at = moment(null=True)
    duration = span(null=True)
    is_successful = flag()
    error_message = prose()
    business_process = short(100)
    compliance_impact = prose()
    primary_user = person()
    involved_users = many("people.User")
    related_audit_logs = many("ledger.AuditTrail")

    class Meta:
        db_table = "audit_events"
        indexes = indexed("started_at", "event_type")


class AuditConfiguration(Identified, Created, Updated, Annotated):
    name = key(100)
    description = prose()
    enable_field_tracking = flag()
    enable_relationship_tracking = flag()
    track_create = flag()
    track_update = flag()
    track_delete = flag()
    retention_days = count()
    compress_old_records = flag()
    async_logging = flag()
    batch_size = count()
    is_active = flag(True)
    created_by = person()

    class Meta:
        db_table = "audit_configurations"
        indexes = indexed("is_active")
