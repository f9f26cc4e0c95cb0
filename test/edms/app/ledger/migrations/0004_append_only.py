from django.db import migrations

PROTECT = """
CREATE FUNCTION audit_trail_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'audit_trail is append-only: % refused', TG_OP USING ERRCODE = 'insufficient_privilege';
END
$$;
CREATE TRIGGER audit_trail_keep_rows BEFORE UPDATE OR DELETE ON audit_trail
    FOR EACH ROW EXECUTE FUNCTION audit_trail_append_only();
CREATE TRIGGER audit_trail_keep_table BEFORE TRUNCATE ON audit_trail
    FOR EACH STATEMENT EXECUTE FUNCTION audit_trail_append_only();
"""

RELEASE = """
DROP TRIGGER audit_trail_keep_table ON audit_trail;
DROP TRIGGER audit_trail_keep_rows ON audit_trail;
DROP FUNCTION audit_trail_append_only();
"""


class Migration(migrations.Migration):
    dependencies = [("ledger", "0003_reports")]
    operations = [migrations.RunSQL(PROTECT, RELEASE)]
