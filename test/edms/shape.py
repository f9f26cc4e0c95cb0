"""The shape an instance must have, and the shape a live database has."""

import psycopg

EXPECTED = {
    "tables": 82,
    "columns": 1042,
    "identity_sequences": 79,
    "identity_sequences_bigint": 68,
    "primary_keys": 82,
    "foreign_keys": 139,
    "foreign_keys_deferred": 139,
    "unique_constraints": 100,
    "unique_constraints_on_uuid": 59,
    "check_constraints": 42,
    "indexes": 505,
    "indexes_not_unique": 322,
    "indexes_partial_unique": 1,
    "indexes_pattern": 30,
    "triggers": 2,
    "migration_rows": 72,
    "content_types": 71,
    "apps_with_models": 14,
    "permissions": 287,
    "permissions_live_only": 3,
    "groups": 4,
    "periodic_tasks": 5,
    "crontabs": 5,
    "backup_settings": 14,
    "placeholders": 32,
}
# Use adds rows to these: compared only with `exact`, right after create at the seed scale.
EXPECTED_AT_SEED = {
    "sessions": 126,
    "records": 595,
    "records_users_and_roles": 19,
    "records_documents": 47,
    "records_workflow": 29,
    "records_audit": 80,
    "records_certificates": 1,
    "records_beat": 11,
    "files": 2,
    "files_bytes": 130_000,
}

CONSTRAINTS = "FROM pg_constraint WHERE connamespace = 'public'::regnamespace AND contype ="
INDEXES = (
    "FROM pg_index JOIN pg_class ON pg_class.oid = indexrelid "
    "WHERE relnamespace = 'public'::regnamespace"
)
FRAMEWORK_VERBS = "codename !~ '^(add|change|delete|view)_'"

QUERIES = {
    "tables": "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'",
    "columns": "SELECT count(*) FROM information_schema.columns WHERE table_schema = 'public'",
    "identity_sequences": "SELECT count(*) FROM pg_attribute JOIN pg_class c ON c.oid = attrelid "
    "WHERE attidentity = 'd' AND relnamespace = 'public'::regnamespace",
    "identity_sequences_bigint": "SELECT count(*) FROM pg_sequences "
    "WHERE schemaname = 'public' AND data_type = 'bigint'::regtype",
    "primary_keys": f"SELECT count(*) {CONSTRAINTS} 'p'",
    "foreign_keys": f"SELECT count(*) {CONSTRAINTS} 'f'",
    "foreign_keys_deferred": f"SELECT count(*) {CONSTRAINTS} 'f' AND condeferred AND convalidated",
    "unique_constraints": f"SELECT count(*) {CONSTRAINTS} 'u'",
    "unique_constraints_on_uuid": f"SELECT count(*) {CONSTRAINTS} 'u' "
    "AND pg_get_constraintdef(oid) = 'UNIQUE (uuid)'",
    "check_constraints": f"SELECT count(*) {CONSTRAINTS} 'c'",
    "indexes": f"SELECT count(*) {INDEXES}",
    "indexes_not_unique": f"SELECT count(*) {INDEXES} AND NOT indisunique",
    "indexes_partial_unique": f"SELECT count(*) {INDEXES} AND indisunique AND indpred IS NOT NULL",
    "indexes_pattern": "SELECT count(*) FROM pg_indexes "
    "WHERE schemaname = 'public' AND indexdef ~ '_pattern_ops'",
    "triggers": "SELECT count(*) FROM pg_trigger WHERE NOT tgisinternal AND tgenabled = 'O'",
    "migration_rows": "SELECT count(*) FROM django_migrations",
    "content_types": "SELECT count(*) FROM django_content_type",
    "apps_with_models": "SELECT count(DISTINCT app_label) FROM django_content_type",
    "permissions": "SELECT count(*) FROM auth_permission",
    "permissions_live_only": f"SELECT count(*) FROM auth_permission WHERE {FRAMEWORK_VERBS}",
    "groups": "SELECT count(*) FROM auth_group",
    "periodic_tasks": "SELECT count(*) FROM django_celery_beat_periodictask",
    "crontabs": "SELECT count(*) FROM django_celery_beat_crontabschedule",
    "backup_settings": "SELECT count(*) FROM backup_configurations",
    "placeholders": "SELECT count(*) FROM placeholder_definitions",
    "sessions": "SELECT count(*) FROM django_session",
    "files": "SELECT count(DISTINCT file_path) FROM documents WHERE file_path <> ''",
    "files_bytes": "SELECT coalesce(sum(file_size), 0)::bigint FROM documents",
}

# The kinds of record the analysis counts; link tables, sessions and migrations are not records.
RECORD_TABLES = {
    "records_users_and_roles": ["users", "roles", "user_roles", "mfa_devices"],
    "records_documents": [
        "documents",
        "document_types",
        "document_sources",
        "document_versions",
        "document_dependencies",
        "document_access_logs",
        "document_comments",
        "document_attachments",
    ],
    "records_workflow": [
        "workflow_document_states",
        "document_workflows",
        "document_transitions",
        "workflow_types",
    ],
    "records_audit": ["audit_trail", "database_change_log", "login_audit", "compliance_events"],
    "records_certificates": ["security_pdfsigningcertificate"],
    "records_beat": [
        "django_celery_beat_periodictask",
        "django_celery_beat_crontabschedule",
        "django_celery_beat_periodictasks",
    ],
}
RECORD_PARTS = ["content_types", "permissions", "groups", "placeholders", "backup_settings"]


def connect(environment):
    return psycopg.connect(
        dbname=environment["DB_NAME"],
        user=environment["DB_USER"],
        password=environment["DB_PASSWORD"],
        host=environment["DB_HOST"],
        port=environment["DB_PORT"],
        connect_timeout=10,
    )


def rows_of(connection, tables):
    counts = [
        connection.execute(f'SELECT count(*) FROM "{table}"').fetchone()[0] for table in tables
    ]
    return sum(counts)


def all_rows(connection):
    tables = connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
    return rows_of(connection, [table for (table,) in tables.fetchall()])


def measure(environment):
    with connect(environment) as connection:
        shape = {name: connection.execute(query).fetchone()[0] for name, query in QUERIES.items()}
        for name, tables in RECORD_TABLES.items():
            shape[name] = rows_of(connection, tables)
        shape["rows"] = all_rows(connection)
    shape["records"] = sum(shape[name] for name in [*RECORD_TABLES, *RECORD_PARTS])
    return shape


def differences(shape, exact=False):
    expected = {**EXPECTED, **(EXPECTED_AT_SEED if exact else {})}
    return {
        name: {"expected": wanted, "found": shape[name]}
        for name, wanted in expected.items()
        if shape[name] != wanted
    }
