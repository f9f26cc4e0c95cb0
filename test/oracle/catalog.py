"""What the catalog says, one query for each area: key, json value. Keys are quoted only where SQL needs it."""

USER_SCHEMA = "n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'"


def acl(column, kind, owner):
    """Effective privileges as a sorted list, so that "no entry" and "the default, written out" are the same."""
    return f"""(SELECT coalesce(json_agg(g ORDER BY g), '[]') FROM (
        SELECT CASE a.grantee WHEN 0 THEN 'PUBLIC' ELSE pg_get_userbyid(a.grantee) END || '=' || a.privilege_type
               || CASE WHEN a.is_grantable THEN '*' ELSE '' END || '/' || pg_get_userbyid(a.grantor) AS g
        FROM aclexplode(coalesce({column}, acldefault('{kind}', {owner}))) a) x)"""


OWNED_BY_EXTENSION = "EXISTS (SELECT FROM pg_depend e WHERE e.classid = '{0}'::regclass AND e.objid = {1} AND e.deptype = 'e')"

RELATIONS = f"""
SELECT format('%I.%I', n.nspname, c.relname), json_build_object(
  'kind', c.relkind, 'owner', pg_get_userbyid(c.relowner), 'persistence', c.relpersistence,
  'row_security', c.relrowsecurity, 'row_security_forced', c.relforcerowsecurity, 'replica_identity', c.relreplident,
  'options', c.reloptions, 'partition', pg_get_expr(c.relpartbound, c.oid))
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE {USER_SCHEMA} AND c.relkind IN ('r', 'p', 'm', 'f')"""

COLUMNS = f"""
SELECT format('%I.%I.%I', n.nspname, c.relname, a.attname), json_build_object(
  'position', row_number() OVER (PARTITION BY c.oid ORDER BY a.attnum), 'type', format_type(a.atttypid, a.atttypmod),
  'not_null', a.attnotnull, 'default', pg_get_expr(d.adbin, d.adrelid), 'identity', a.attidentity,
  'generated', a.attgenerated, 'collation', CASE WHEN a.attcollation <> t.typcollation THEN a.attcollation::regcollation::text END,
  'storage', a.attstorage)
FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace
JOIN pg_type t ON t.oid = a.atttypid LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum
WHERE {USER_SCHEMA} AND c.relkind IN ('r', 'p', 'm', 'f', 'v') AND a.attnum > 0 AND NOT a.attisdropped"""

# 'firing' is the state of the hidden triggers that carry out a foreign key: DISABLE TRIGGER ALL stops them,
# and neither the definition nor pg_dump shows it.
CONSTRAINTS = f"""
SELECT format('%I.%I.%I', n.nspname, c.relname, k.conname), json_build_object(
  'table', format('%I.%I', n.nspname, c.relname), 'type', k.contype, 'definition', pg_get_constraintdef(k.oid),
  'validated', k.convalidated, 'deferrable', k.condeferrable, 'deferred', k.condeferred,
  'firing', (SELECT string_agg(DISTINCT t.tgenabled::text, '') FROM pg_trigger t WHERE t.tgconstraint = k.oid))
FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid JOIN pg_namespace n ON n.oid = c.relnamespace WHERE {USER_SCHEMA}"""

INDEXES = f"""
SELECT format('%I.%I', n.nspname, c.relname), json_build_object(
  'table', i.indrelid::regclass::text, 'definition', pg_get_indexdef(c.oid), 'unique', i.indisunique, 'primary', i.indisprimary,
  'valid', i.indisvalid AND i.indisready, 'clustered', i.indisclustered, 'replica_identity', i.indisreplident)
FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_namespace n ON n.oid = c.relnamespace WHERE {USER_SCHEMA}"""

TRIGGERS = f"""
SELECT format('%I.%I.%I', n.nspname, c.relname, t.tgname), json_build_object(
  'table', format('%I.%I', n.nspname, c.relname), 'enabled', t.tgenabled, 'definition', pg_get_triggerdef(t.oid))
FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE {USER_SCHEMA} AND NOT t.tgisinternal"""

VIEWS = f"""
SELECT format('%I.%I', n.nspname, c.relname), json_build_object(
  'owner', pg_get_userbyid(c.relowner), 'definition', pg_get_viewdef(c.oid), 'options', c.reloptions)
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE {USER_SCHEMA} AND c.relkind IN ('v', 'm')"""

FUNCTIONS = f"""
SELECT p.oid::regprocedure::text, json_build_object('owner', pg_get_userbyid(p.proowner), 'kind', p.prokind,
  'definition', CASE WHEN p.prokind <> 'a' THEN pg_get_functiondef(p.oid) END)
FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
WHERE {USER_SCHEMA} AND NOT {OWNED_BY_EXTENSION.format('pg_proc', 'p.oid')}"""

SCHEMAS = f"SELECT n.nspname, json_build_object('owner', pg_get_userbyid(n.nspowner)) FROM pg_namespace n WHERE {USER_SCHEMA}"

EXTENSIONS = """SELECT e.extname, json_build_object('version', e.extversion, 'schema', n.nspname)
FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace"""

SEQUENCES = f"""
SELECT format('%I.%I', n.nspname, c.relname), json_build_object(
  'owner', pg_get_userbyid(c.relowner), 'type', format_type(s.seqtypid, NULL), 'start', s.seqstart::text,
  'minimum', s.seqmin::text, 'maximum', s.seqmax::text, 'increment', s.seqincrement::text, 'cache', s.seqcache::text,
  'cycle', s.seqcycle, 'persistence', c.relpersistence,
  'identity', d.deptype = 'i', 'owned_by', CASE WHEN d.objid IS NOT NULL THEN format('%I.%I.%I', tn.nspname, t.relname, a.attname) END)
FROM pg_sequence s JOIN pg_class c ON c.oid = s.seqrelid JOIN pg_namespace n ON n.oid = c.relnamespace
LEFT JOIN pg_depend d ON d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.refobjsubid > 0 AND d.deptype IN ('a', 'i')
LEFT JOIN pg_class t ON t.oid = d.refobjid LEFT JOIN pg_namespace tn ON tn.oid = t.relnamespace
LEFT JOIN pg_attribute a ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid WHERE {USER_SCHEMA}"""

ACLS = f"""
SELECT CASE c.relkind WHEN 'S' THEN 'sequence ' WHEN 'v' THEN 'view ' ELSE 'table ' END || format('%I.%I', n.nspname, c.relname),
  CASE WHEN c.relkind = 'S' THEN {acl('c.relacl', 's', 'c.relowner')} ELSE {acl('c.relacl', 'r', 'c.relowner')} END
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE {USER_SCHEMA} AND c.relkind IN ('r', 'p', 'm', 'f', 'v', 'S')
UNION ALL SELECT 'column ' || format('%I.%I.%I', n.nspname, c.relname, a.attname), {acl('a.attacl', 'c', 'c.relowner')}
FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE {USER_SCHEMA} AND a.attacl IS NOT NULL AND NOT a.attisdropped
UNION ALL SELECT 'schema ' || n.nspname, {acl('n.nspacl', 'n', 'n.nspowner')} FROM pg_namespace n WHERE {USER_SCHEMA}
UNION ALL SELECT 'database', {acl('d.datacl', 'd', 'd.datdba')} FROM pg_database d WHERE d.datname = current_database()
UNION ALL SELECT 'function ' || p.oid::regprocedure, {acl('p.proacl', 'f', 'p.proowner')}
FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace WHERE {USER_SCHEMA} AND NOT {OWNED_BY_EXTENSION.format('pg_proc', 'p.oid')}
UNION ALL SELECT 'large object ' || l.oid, {acl('l.lomacl', 'L', 'l.lomowner')} FROM pg_largeobject_metadata l"""

DEFAULT_ACLS = f"""
SELECT pg_get_userbyid(d.defaclrole) || ' ' || CASE WHEN d.defaclnamespace = 0 THEN 'everywhere' ELSE d.defaclnamespace::regnamespace::text END
  || ' ' || d.defaclobjtype::text, {acl('d.defaclacl', 'r', 'd.defaclrole')} FROM pg_default_acl d"""

# 16384 is the first object id a user's object can get; the schema public is older and may carry a user's comment.
COMMENTS = """
SELECT i.type || ' ' || i.identity, to_json(d.description)
FROM pg_description d, pg_identify_object(d.classoid, d.objoid, d.objsubid) i
WHERE d.objoid >= 16384 OR (d.classoid = 'pg_namespace'::regclass AND d.objoid = 2200)
UNION ALL SELECT 'database', to_json(shobj_description(d.oid, 'pg_database')) FROM pg_database d WHERE d.datname = current_database()"""

# Owners, grantees, roles with settings for this database, and every role those are members of.
ROLE_IDS = """
WITH RECURSIVE named(oid) AS (
  SELECT s.refobjid FROM pg_shdepend s JOIN pg_database d ON d.datname = current_database()
   WHERE s.refclassid = 'pg_authid'::regclass AND (s.dbid = d.oid OR (s.classid = 'pg_database'::regclass AND s.objid = d.oid))
  UNION SELECT datdba FROM pg_database WHERE datname = current_database()
  UNION SELECT s.setrole FROM pg_db_role_setting s JOIN pg_database d ON d.oid = s.setdatabase AND d.datname = current_database() WHERE s.setrole <> 0
  UNION SELECT m.roleid FROM pg_auth_members m JOIN named ON m.member = named.oid)"""

ROLES = ROLE_IDS + """
SELECT r.rolname, json_build_object('superuser', r.rolsuper, 'inherit', r.rolinherit, 'create_role', r.rolcreaterole,
  'create_db', r.rolcreatedb, 'login', r.rolcanlogin, 'replication', r.rolreplication, 'bypass_rls', r.rolbypassrls,
  'connection_limit', r.rolconnlimit, 'valid_until', r.rolvaliduntil::text, 'password_sha256', {password},
  'member_of', (SELECT coalesce(json_agg(g ORDER BY g), '[]') FROM (SELECT pg_get_userbyid(m.roleid) || CASE WHEN m.admin_option THEN ' with admin' ELSE '' END AS g
     FROM pg_auth_members m WHERE m.member = r.oid) x))
FROM pg_roles r WHERE r.oid IN (SELECT oid FROM named)"""

PASSWORD = "(SELECT encode(sha256(convert_to(a.rolpassword, 'UTF8')), 'hex') FROM pg_authid a WHERE a.oid = r.oid)"

SETTINGS = ROLE_IDS + """
SELECT CASE WHEN s.setrole = 0 THEN 'database' WHEN s.setdatabase = 0 THEN 'role ' || pg_get_userbyid(s.setrole)
  ELSE 'role ' || pg_get_userbyid(s.setrole) || ' in database' END, (SELECT json_agg(g ORDER BY g) FROM unnest(s.setconfig) g)
FROM pg_db_role_setting s LEFT JOIN pg_database d ON d.oid = s.setdatabase
WHERE d.datname = current_database() OR (s.setdatabase = 0 AND s.setrole IN (SELECT oid FROM named))"""

PROPERTIES = """
SELECT p.key, p.value::json FROM pg_database d, json_each(json_build_object('name', d.datname, 'owner', pg_get_userbyid(d.datdba),
  'encoding', pg_encoding_to_char(d.encoding), 'collate', d.datcollate, 'ctype', d.datctype,
  'locale_provider', to_jsonb(d) ->> 'datlocprovider', 'connection_limit', d.datconnlimit, 'allow_connections', d.datallowconn,
  'is_template', d.datistemplate, 'tablespace', (SELECT t.spcname FROM pg_tablespace t WHERE t.oid = d.dattablespace))) p
WHERE d.datname = current_database()"""

SERVER = """
SELECT 'version', to_json(current_setting('server_version'))
UNION ALL SELECT 'system_identifier', to_json((SELECT c.system_identifier::text FROM pg_control_system() c))
WHERE has_function_privilege('pg_control_system()', 'execute')"""

LARGE_OBJECTS = """
SELECT l.oid::text, json_build_object('owner', pg_get_userbyid(l.lomowner), 'size', length(lo_get(l.oid)),
  'sha256', encode(sha256(lo_get(l.oid)), 'hex')) FROM pg_largeobject_metadata l"""

# One counting query for each foreign key, written by the server so that each column is compared with the key's own operator.
ORPHAN_QUERIES = f"""
SELECT format('%I.%I.%I', n.nspname, c.relname, k.conname), to_json(format(
  'SELECT count(*) FROM %s AS f WHERE %s AND NOT EXISTS (SELECT FROM %s AS p WHERE %s)', k.conrelid::regclass,
  string_agg(format('f.%I IS NOT NULL', fa.attname), ' AND ' ORDER BY u.i), k.confrelid::regclass,
  string_agg(format('p.%I OPERATOR(%I.%s) f.%I', pa.attname, opn.nspname, o.oprname, fa.attname), ' AND ' ORDER BY u.i)))
FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid JOIN pg_namespace n ON n.oid = c.relnamespace
CROSS JOIN LATERAL unnest(k.conkey, k.confkey, k.conpfeqop) WITH ORDINALITY u(f, p, op, i)
JOIN pg_attribute fa ON fa.attrelid = k.conrelid AND fa.attnum = u.f
JOIN pg_attribute pa ON pa.attrelid = k.confrelid AND pa.attnum = u.p
JOIN pg_operator o ON o.oid = u.op JOIN pg_namespace opn ON opn.oid = o.oprnamespace
WHERE k.contype = 'f' AND {USER_SCHEMA} GROUP BY n.nspname, c.relname, k.oid, k.conname, k.conrelid, k.confrelid"""

# The column whose highest value counts: an identity or sequence-fed column first, else a primary key of one integer column.
ID_COLUMNS = f"""
SELECT DISTINCT ON (1) format('%I.%I', n.nspname, c.relname), to_json(quote_ident(a.attname))
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
LEFT JOIN pg_index i ON i.indrelid = c.oid AND i.indisprimary AND i.indnkeyatts = 1 AND i.indkey[0] = a.attnum
WHERE {USER_SCHEMA} AND c.relkind IN ('r', 'p', 'm') AND a.atttypid IN ('int2'::regtype, 'int4'::regtype, 'int8'::regtype)
  AND (i.indexrelid IS NOT NULL OR a.attidentity <> '' OR pg_get_serial_sequence(format('%I.%I', n.nspname, c.relname), a.attname) IS NOT NULL)
ORDER BY 1, a.attidentity DESC, i.indexrelid NULLS LAST, a.attnum"""

AREAS = {
    "columns": COLUMNS, "constraints": CONSTRAINTS, "indexes": INDEXES, "triggers": TRIGGERS, "views": VIEWS,
    "functions": FUNCTIONS, "schemas": SCHEMAS, "extensions": EXTENSIONS, "acls": ACLS, "default_acls": DEFAULT_ACLS,
    "comments": COMMENTS, "settings": SETTINGS, "properties": PROPERTIES, "server": SERVER, "large_objects": LARGE_OBJECTS,
}
