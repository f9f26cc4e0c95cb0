from common.bases import Created, Identified, Updated
from common.fields import (
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
    span,
)
from common.schema import indexed


class Placeholder(Identified, Created, Updated):
    name = key(100)
    display_name = short(200)
    description = prose()
    placeholder_type = short(20)
    data_source = short(30)
    source_field = short(100)
    format_string = short(100)
    date_format = short(50)
    default_value = prose()
    validation_rules = data()
    is_active = flag(True)
    requires_permission = short(50)
    cache_duration = number()
    created_by = person()

    class Meta:
        db_table = "placeholder_definitions"
        indexes = indexed("placeholder_type", "is_active")


class DocumentTemplate(Identified, Created, Updated):
    name = short(200)
    description = prose()
    template_type = short(20)
    file_path = short(500)
    output_filename_pattern = short(200)
    processing_rules = data()
    version = short(20)
    status = short(20)
    is_default = flag()
    usage_count = count()
    last_used = moment(null=True)
    created_by = person()

    class Meta:
        db_table = "document_templates"
        unique_together = [("name", "version")]
        indexes = indexed("status", "template_type")


class TemplatePlaceholder(Identified, Created):
    is_required = flag()
    default_value = prose()
    validation_rules = data()
    order = number()
    format_override = short(100)
    placeholder = part_of("stencils.Placeholder")
    template = part_of("stencils.DocumentTemplate")

    class Meta:
        db_table = "template_placeholders"
        unique_together = [("template", "placeholder")]


class Generation(Identified, Created):
    output_format = short(20)
    context_data = data()
    generation_options = data()
    status = short(20)
    output_file_path = short(500)
    output_filename = short(200)
    file_size = number(null=True)
    file_checksum = short(64)
    started_at = moment(null=True)
    completed_at = moment(null=True)
    processing_time = span(null=True)
    error_message = prose()
    requested_by = person()
    source_document = link("library.Document", null=True)
    template = link("stencils.DocumentTemplate")

    class Meta:
        db_table = "document_generations"
        indexes = indexed("status", "started_at")


class CachedValue(Identified, Created):
    cache_key = short(255)
    cached_value = prose()
    context_hash = short(64)
    expires_at = moment()
    hit_count = count()
    placeholder = part_of("stencils.Placeholder")

    class Meta:
        db_table = "placeholder_cache"
        unique_together = [("placeholder", "cache_key")]
        indexes = indexed("expires_at")
