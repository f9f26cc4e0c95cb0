from django.db import models

from common.bases import Annotated, Created, Identified
from common.fields import (
    address,
    count,
    data,
    flag,
    key,
    link,
    moment,
    number,
    part_of,
    person,
    prose,
    short,
)
from common.schema import indexed


class SigningCertificate(Identified, Created):
    id = models.AutoField(primary_key=True)
    name = short(200)
    certificate_type = short(20)
    certificate_pem = prose()
    private_key_pem = prose()
    public_key_pem = prose()
    subject_cn = short(200)
    issuer_name = short(200)
    serial_number = key(100)
    valid_from = moment()
    valid_until = moment()
    is_active = flag(True)
    is_default = flag()
    created_by = person()

    class Meta:
        db_table = "security_pdfsigningcertificate"
        indexes = indexed("certificate_type", "is_active", "valid_until")


class PdfRun(Identified, Created):
    id = models.AutoField(primary_key=True)
    generation_type = short(20)
    status = short(20)
    processing_time_ms = number()
    input_file_size = number()
    output_file_size = number()
    error_message = prose()
    signature_applied = flag()
    metadata_embedded = flag()
    watermark_applied = flag()
    qr_code_added = flag()
    ip_address = address()
    user_agent = prose()
    certificate = link("vault.SigningCertificate", null=True)
    document = part_of("library.Document")
    user = person()

    class Meta:
        db_table = "security_pdfgenerationlog"
        indexes = indexed("status", "generation_type")


class DigitalSignature(Identified, Annotated):
    signature_data = prose()
    algorithm = short(30)
    document_hash = short(64)
    signer_certificate = prose(null=True)
    signer_role = short(100, null=True)
    signed_at = moment()
    verified_at = moment(null=True)
    status = short(20)
    is_valid = flag(None)
    validation_message = prose()
    timestamp_token = prose(null=True)
    timestamp_authority = short(200, null=True)
    signature_purpose = short(100, null=True)
    document = part_of("library.Document")
    signer = person()
    verified_by = person(null=True)

    class Meta:
        db_table = "security_digital_signatures"
        indexes = indexed("status", "signed_at")


class EncryptionKey(Identified, Created, Annotated):
    name = short(100)
    key_type = short(20)
    algorithm = short(20)
    key_id = key(64)
    fingerprint = short(64)
    key_size = count()
    expires_at = moment(null=True)
    is_active = flag(True)
    revoked_at = moment(null=True)
    last_used_at = moment(null=True)
    usage_count = count()
    created_by = person()
    revoked_by = person(null=True)

    class Meta:
        db_table = "security_encryption_keys"
        indexes = indexed("key_type", "is_active", "expires_at")


class CertificateAuthority(Identified, Created, Annotated):
    name = short(200)
    ca_type = short(20)
    certificate_pem = prose()
    public_key_pem = prose()
    subject = short(500)
    issuer = short(500)
    serial_number = short(100)
    fingerprint_sha256 = short(64)
    valid_from = moment()
    valid_until = moment()
    is_valid = flag()
    is_trusted = flag()
    revoked_at = moment(null=True)
    created_by = person()
    parent_ca = link("self", null=True)

    class Meta:
        db_table = "security_certificate_authorities"
        indexes = indexed("ca_type", "valid_until")


class SecurityEvent(Identified, Annotated):
    event_type = short(30)
    severity = short(10)
    title = short(200)
    description = prose()
    timestamp = moment()
    ip_address = address(null=True)
    user_agent = prose()
    is_resolved = flag()
    resolved_at = moment(null=True)
    resolution_notes = prose()
    event_data = data()
    document = link("library.Document", null=True)
    encryption_key = link("vault.EncryptionKey", null=True)
    resolved_by = person(null=True)
    signature = link("vault.DigitalSignature", null=True)
    user = person(null=True)

    class Meta:
        db_table = "security_events"
        indexes = indexed("timestamp", "event_type", "severity")
