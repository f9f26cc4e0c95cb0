/**
 * The tables of a busy EDMS. Per line: name, size, columns. A size is a number of rows, or with ‰ a share of the bytes. A
 * column is NAME:KIND or NAME>TABLE (a foreign key, indexed); `?` null in a quarter of the rows, `+` indexed, `!` unique.
 * Kinds are those of `columns.ts`. Audit trail and access log hold two thirds of the bytes; `id` comes by itself.
 */
const LINES = `
audit_trail 500‰ uuid:u! at:z+ action:c+ severity:c display_name:w1 session:h ip:ip agent:w1 object_id:i8 representation:w1 changes:j2 old_values:j1 new_values:j1 description:w2 module:c path:key method:c checksum:h tampered:b verification:c content_type>django_content_type? user>users?
document_access_logs 165‰ uuid:u! at:z+ access_type:c ip:ip agent:w2 session:h success:b reason:c? version:c downloaded:b duration:iv? metadata:j1 document>documents user>users
django_celery_results_taskresult 180‰ task_id:u! task_name:c+ status:c worker:key args:j1 kwargs:j1 result:w3 created_at:z+ done_at:z+ traceback:w4? meta:j1
database_change_log 50‰ uuid:u! at:z+ table_name:c operation:c record_id:i8 old_values:j2 new_values:j2 integrity_hash:h ip:ip? session:h content_type>django_content_type? user>users?
documents 15‰ uuid:u! created_at:z updated_at:z metadata:j1 document_number:key! title:w1 description:w3 keywords:w1 version_major:i version_minor:i status:c+ priority:c file_name:w1 file_path:key file_size:i8? file_checksum:h mime_type:c is_encrypted:b effective_date:d? search_vector:w60 author>users reviewer>users? document_type>document_types document_source>document_sources supersedes>documents?
document_versions 15‰ uuid:u! created_at:z metadata:j1 version_major:i version_minor:i comment:w2 file_name:w1 file_path:key file_size:i8? file_checksum:h status:c change_summary:w3 reason:w2 created_by>users document>documents
document_generations 15‰ uuid:u! created_at:z format:c context:j90 options:j1 status:c path:key file_checksum:h took:iv? requested_by>users source_document>documents? template>document_templates
document_transitions 12‰ uuid:u! at:z comment:w2 data:j1 from_state:c to_state:c transitioned_by>users workflow>document_workflows
data_integrity_checks 10‰ uuid:u! metadata:j1 check_type:c started_at:z completed_at:z? scope:w1 parameters:j1 status:c checked:i passed:i failed:i findings:j6 automated:b triggered_by>users?
login_audit 8‰ uuid:u! username:key at:z+ success:b ip:ip? agent:w2 reason:c? user>users?
security_pdfgenerationlog 8‰ uuid:u! created_at:z generation_type:c status:c took_ms:i input_size:i output_size:i error:w1? ip:ip agent:w2 certificate>security_certificates document>documents user>users
security_digital_signatures 6‰ uuid:u! metadata:j1 signature:h token:h algorithm:c document_hash:h certificate:w8 signed_at:z status:c valid:b? document>documents signer>users
workflow_notifications 6‰ uuid:u! created_at:z kind:c subject:w1 message:w4 data:j1 sent_at:z? status:c recipient>users instance>workflow_instances
document_comments 5‰ uuid:u! created_at:z updated_at:z metadata:j1 kind:c subject:w1 content:w6 page:i? resolved:b author>users document>documents parent>document_comments?
notification_queue 5‰ uuid:u! created_at:z kind:c priority:c recipients:j1 subject:w1 message:w4 data:j1 scheduled_at:z+ sent_at:z? attempts:i created_by>users?
users 400 uuid:u! created_at:z updated_at:z metadata:j1 password:h username:key! first_name:c last_name:c email:key last_login:z? active:b manager>users? created_by>users?
roles 7 uuid:u! name:key! description:w2 module:c level:c inherits_from>roles?
user_roles 900 uuid:u! metadata:j1 assigned_at:z expires_at:z? active:b role>roles user>users assigned_by>users?
mfa_devices 300 uuid:u! created_at:z name:key secret:h codes:j2 verified:b user>users
users_groups 500 user>users group>auth_group
users_user_permissions 200 user>users permission>auth_permission
auth_group 4 name:key!
auth_permission 287 name:w1 codename:key! content_type>django_content_type
auth_group_permissions 400 group>auth_group permission>auth_permission
django_content_type 71 app_label:c model:key!
django_admin_log 3000 at:z object_id:i8 representation:w1 flag:i message:w2 content_type>django_content_type? user>users
django_session 2000 session_key:h! data:w6 expires_at:z+
django_migrations 72 app:c name:key applied_at:z
document_types 6 uuid:u! name:key! code:key! description:w2 prefix:c active:b created_by>users
document_sources 4 uuid:u! name:key! kind:c description:w2
document_dependencies 2000 uuid:u! created_at:z metadata:j1 kind:c description:w1 critical:b created_by>users depends_on>documents document>documents
document_attachments 1500 uuid:u! metadata:j1 name:w1 description:w2 file_path:key file_size:i8 file_checksum:h uploaded_at:z document>documents uploaded_by>users
document_schedules 500 uuid:u! created_at:z metadata:j1 kind:c scheduled_at:z action:j1 status:c created_by>users document>documents
document_templates 40 uuid:u! created_at:z name:key! description:w2 file_path:key rules:j2 status:c created_by>users
document_workflows 3000 uuid:u! created_at:z due_at:z? data:j1 state:c terminated:b document>documents initiated_by>users assignee>users?
workflow_document_states 18 code:key! name:w1 description:w2 initial:b final:b
workflow_types 5 uuid:u! name:key! kind:c description:w2 timeout_days:i created_by>users
workflow_instances 2500 uuid:u! metadata:j1 state:c object_id:i8 started_at:z completed_at:z? data:j1 content_type>django_content_type assignee>users? initiated_by>users workflow_type>workflow_types
workflow_tasks 2500 uuid:u! created_at:z metadata:j1 name:w1 description:w2 kind:c due_at:z? status:c data:j1 assigned_by>users assigned_to>users instance>workflow_instances
workflow_transitions 3000 uuid:u! metadata:j1 from_state:c to_state:c at:z ip:ip? agent:w2 comment:w2 transitioned_by>users instance>workflow_instances
workflow_rules 30 uuid:u! created_at:z name:key description:w2 conditions:j2 actions:j2 created_by>users workflow_type>workflow_types
workflow_templates 10 uuid:u! created_at:z name:key! description:w2 states:j4 tasks:j4 created_by>users
system_events 3000 uuid:u! kind:c at:z+ description:w2 details:j2 severity:c
compliance_events 2000 uuid:u! kind:c at:z description:w2 severity:c status:c user>users?
audit_query_logs 1000 uuid:u! metadata:j1 at:z kind:c ip:ip? agent:w2 session:h description:w2 filters:j1 records:i user>users
user_sessions_audit 2000 uuid:u! session_key:h! ip:ip agent:w2 logged_in_at:z last_activity:z logged_out_at:z? active:b user>users
compliance_reports 200 uuid:u! metadata:j1 name:w1 kind:c description:w2 data:j20 path:key checksum:h generated_at:z generated_by>users
audit_events 500 uuid:u! metadata:j1 kind:c title:w1 description:w3 started_at:z completed_at:z? primary_user>users
audit_events_involved_users 800 event>audit_events user>users
audit_events_related_logs 800 event>audit_events audit>audit_trail
audit_configurations 6 uuid:u! created_at:z name:key! description:w2 retention_days:i created_by>users
security_certificates 12 uuid:u! created_at:z name:key certificate:w20 private_key:w30 serial:h! valid_until:z created_by>users
security_encryption_keys 30 uuid:u! created_at:z metadata:j1 name:key key_id:h! fingerprint:h expires_at:z? created_by>users
security_events 2000 uuid:u! metadata:j1 kind:c severity:c title:w1 description:w3 at:z ip:ip? resolved:b document>documents? user>users?
placeholder_definitions 35 uuid:u! name:key! description:w2 source:c rules:j1 created_by>users
template_placeholders 200 uuid:u! required:b default_value:w1 rules:j1 placeholder>placeholder_definitions template>document_templates
placeholder_cache 1000 uuid:u! cache_key:key! value:w4 hash:h expires_at:z placeholder>placeholder_definitions
scheduled_tasks 20 uuid:u! created_at:z name:key! description:w2 args:j1 next_run:z? created_by>users
task_executions 3000 uuid:u! metadata:j1 started_at:z completed_at:z? status:c worker:key result:j1 log:w6 task>scheduled_tasks triggered_by>users?
health_checks 2000 uuid:u! name:key kind:c status:c took:f message:w1 details:j1 at:z
system_metrics 5000 uuid:u! name:c kind:c value:f unit:c recorded_at:z
system_configurations 80 uuid:u! key:key! description:w2 value:w1 rules:j1 sensitive:b updated_by>users?
configuration_history 500 uuid:u! kind:c old_value:w1 new_value:w1 at:z ip:ip? changed_by>users configuration>system_configurations
feature_toggles 25 uuid:u! key:key! name:w1 description:w2 conditions:j1 created_by>users
feature_toggles_target_users 60 toggle>feature_toggles user>users
notification_templates 30 uuid:u! name:key description:w2 body:w8 html:w12 variables:j1 created_by>users
ui_customizations 10 uuid:u! name:key description:w2 settings:j2 created_by>users
django_celery_beat_crontabschedule 9 minute:c hour:c timezone:c
django_celery_beat_periodictask 9 name:key! task:c args:j1 kwargs:j1 enabled:b last_run:z? runs:i crontab>django_celery_beat_crontabschedule?
backup_configurations 14 uuid:u! created_at:z name:key! description:w2 path:key enabled:b created_by>users
backup_jobs 600 uuid:u! created_at:z name:key started_at:z? status:c size:i8? checksum:h configuration>backup_configurations triggered_by>users?
`;

export interface Column {
  readonly name: string;
  readonly kind: string;
  /** The parent of a foreign key. */
  readonly references: string | undefined;
  readonly nullable: boolean;
  readonly index: 'unique' | 'plain' | undefined;
}

export interface Table {
  readonly name: string;
  readonly size: { readonly rows: number } | { readonly perMille: number };
  readonly columns: readonly Column[];
}

/** Of which the two logs are. */
export const LOGS = ['audit_trail', 'document_access_logs'];

export const EDMS = LINES.trim().split('\n').map(tableOf);

/** The same tables, and one of them holds nine tenths of the bytes. */
export const LOPSIDED = EDMS.map((table): Table => {
  if (!('perMille' in table.size)) return table;
  const [log] = EDMS;
  const rest = 1000 - (log!.size as { perMille: number }).perMille;
  return { ...table, size: { perMille: table === log ? 900 : (table.size.perMille * 100) / rest } };
});

export function tableOf(line: string): Table {
  const [name = '', size = '', ...columns] = line.split(' ');
  const count = Number.parseInt(size, 10);
  return {
    name,
    size: size.endsWith('‰') ? { perMille: count } : { rows: count },
    columns: columns.map(columnOf),
  };
}

function columnOf(word: string): Column {
  const [, name = '', sign, kind = '', marks = ''] = /^(\w+)([:>])(\w+)([?+!]*)$/.exec(word) ?? [];
  const isKey = sign === '>';
  const plain = isKey || marks.includes('+') ? 'plain' : undefined;
  return {
    name: isKey ? `${name}_id` : name,
    kind: isKey ? 'key of a parent' : kind,
    references: isKey ? kind : undefined,
    nullable: marks.includes('?'),
    index: marks.includes('!') ? 'unique' : plain,
  };
}
