from django.db import models

from common.bases import Annotated, Created, Identified, Updated
from common.fields import (
    address,
    count,
    data,
    encrypted,
    flag,
    key,
    link,
    moment,
    number,
    part_of,
    person,
    prose,
    short,
    size,
    span,
)
from common.schema import check, indexed


class Document(Identified, Created, Updated, Annotated):
    document_number = key(50)
    title = short(255)
    description = prose()
    keywords = short(500)
    version_major = count(1)
    version_minor = count()
    status = short(30)
    priority = short(10)
    file_name = short(255)
    file_path = short(500)
    file_size = size(null=True)
    file_checksum = short(64)
    mime_type = short(100)
    is_encrypted = flag()
    encryption_metadata = data()
    review_date = moment(null=True)
    approval_date = moment(null=True)
    effective_date = models.DateField(null=True, blank=True)
    review_due_date = models.DateField(null=True, blank=True)
    obsolete_date = models.DateField(null=True, blank=True)
    reason_for_change = prose()
    change_summary = prose()
    is_active = flag(True)
    requires_training = flag()
    is_controlled = flag()
    search_vector = prose()
    approver = person(null=True)
    author = person()
    document_source = link("library.DocumentSource")
    document_type = link("library.DocumentType")
    reviewer = person(null=True)
    supersedes = link("self", null=True)
    obsolescence_date = models.DateField(null=True, blank=True)
    obsolescence_reason = prose()
    obsoleted_by = person(null=True)

    class Meta:
        db_table = "documents"
        indexes = indexed("status", "is_active", "effective_date", "review_due_date", "priority")
        constraints = [
            check(models.Q(version_major__range=(1, 99)), "document_major_in_range"),
            check(models.Q(version_minor__range=(0, 99)), "document_minor_in_range"),
        ]

    def __str__(self):
        return self.document_number


class DocumentType(Identified, Created, Updated, Annotated):
    name = key(100)
    code = key(10)
    description = prose()
    template_required = flag()
    template_path = short(500)
    approval_required = flag()
    review_required = flag()
    retention_years = number()
    numbering_prefix = short(10)
    numbering_format = short(50)
    is_active = flag(True)
    created_by = person()

    class Meta:
        db_table = "document_types"
        indexes = indexed("is_active", "created_at")


class DocumentSource(Identified, Created):
    name = key(100)
    source_type = short(30)
    description = prose()
    requires_verification = flag()
    requires_signature = flag()
    is_active = flag(True)

    class Meta:
        db_table = "document_sources"
        indexes = indexed("source_type", "is_active", "created_at")


class DocumentVersion(Identified, Created, Annotated):
    version_major = count(1)
    version_minor = count()
    version_comment = prose()
    file_name = short(255)
    file_path = short(500)
    file_size = size(null=True)
    file_checksum = short(64)
    status = short(30)
    change_summary = prose()
    reason_for_change = prose()
    created_by = person()
    document = part_of("library.Document")

    class Meta:
        db_table = "document_versions"
        unique_together = [("document", "version_major", "version_minor")]
        indexes = indexed("status", "created_at")


class DocumentDependency(Identified, Created, Annotated):
    dependency_type = short(20)
    description = prose()
    is_critical = flag()
    is_active = flag(True)
    created_by = person()
    depends_on = link("library.Document")
    document = part_of("library.Document")

    class Meta:
        db_table = "document_dependencies"
        unique_together = [("document", "depends_on", "dependency_type")]
        indexes = indexed("dependency_type", "is_active", "created_at")
        constraints = [
            check(~models.Q(document=models.F("depends_on")), "dependency_not_on_itself"),
        ]


class DocumentAccess(Identified, Annotated):
    access_type = short(20)
    access_timestamp = moment()
    ip_address = address(null=True)
    user_agent = prose()
    session_id = short(40)
    success = flag(True)
    failure_reason = short(200)
    document_version = short(20)
    file_downloaded = flag()
    access_duration = span(null=True)
    document = part_of("library.Document")
    user = person()

    class Meta:
        db_table = "document_access_logs"
        indexes = indexed("access_timestamp", "access_type")


class DocumentComment(Identified, Created, Updated, Annotated):
    comment_type = short(20)
    subject = short(200)
    content = encrypted()
    page_number = number(null=True)
    section = short(100)
    line_reference = short(50)
    is_resolved = flag()
    resolved_at = moment(null=True)
    is_internal = flag()
    requires_response = flag()
    author = person()
    document = part_of("library.Document")
    parent_comment = part_of("self", null=True)
    resolved_by = person(null=True)

    class Meta:
        db_table = "document_comments"
        indexes = indexed("comment_type", "created_at")


class DocumentAttachment(Identified, Annotated):
    name = short(255)
    description = prose()
    attachment_type = short(20)
    file_name = short(255)
    file_path = short(500)
    file_size = size()
    file_checksum = short(64)
    mime_type = short(100)
    uploaded_at = moment()
    is_active = flag(True)
    is_public = flag()
    requires_signature = flag()
    version = count(1)
    document = part_of("library.Document")
    uploaded_by = person()

    class Meta:
        db_table = "document_attachments"
        indexes = indexed("uploaded_at", "attachment_type", "is_active")
