import type { Database } from './connect.ts';

/** MD5 of what the server itself says of all objects of a kind, by kind. */
export type SchemaDigests = Readonly<Record<string, string>>;

/** The user's own, by the name of a class and of the column with its object id. */
function own(catalog: string, alias: string, namespace: string): string {
  return `${namespace} IN (SELECT oid FROM pg_namespace WHERE nspname !~ '^pg_' AND nspname <> 'information_schema')
    AND NOT EXISTS (SELECT FROM pg_depend e
      WHERE e.classid = '${catalog}'::regclass AND e.objid = ${alias}.oid AND e.deptype = 'e')`;
}

const OWN_RELATION = `${own('pg_class', 'c', 'c.relnamespace')} AND c.relpersistence <> 't'`;

/**
 * Each gives lines of text. Names are whole in every session, for the search path of ours is empty. Left out is what a
 * restore cannot or need not repeat: owners and grants (where they cannot be given back), object ids, numbers of columns,
 * whether a foreign key is valid, whether a materialised view is filled, indexes that are not, subscriptions, event triggers.
 */
const KINDS: Readonly<Record<string, string>> = {
  schemas: `SELECT nspname::text AS line FROM pg_namespace n WHERE ${own('pg_namespace', 'n', 'n.oid')}`,
  relations: `SELECT concat_ws(' ', c.oid::regclass, c.relkind, c.relpersistence, c.relrowsecurity, c.relforcerowsecurity,
      c.reloptions, pg_get_expr(c.relpartbound, c.oid),
      (SELECT string_agg(i.inhparent::regclass::text, ',' ORDER BY i.inhseqno) FROM pg_inherits i WHERE i.inhrelid = c.oid)) AS line
    FROM pg_class c WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND ${OWN_RELATION}`,
  columns: `SELECT concat_ws(' ', c.oid::regclass, string_agg(concat_ws(' ', quote_ident(a.attname), format_type(a.atttypid, a.atttypmod),
      a.attnotnull, a.attidentity, a.attgenerated, a.attstorage, nullif(a.attcollation, 0)::regcollation, a.attislocal,
      pg_get_expr(d.adbin, d.adrelid)), ', ' ORDER BY a.attnum)) AS line
    FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
    LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum
    WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f', 'c') AND ${OWN_RELATION} GROUP BY c.oid`,
  constraints: `SELECT concat_ws(' ', nullif(k.conrelid, 0)::regclass, nullif(k.contypid, 0)::regtype, quote_ident(k.conname),
      CASE k.contype WHEN 'f' THEN regexp_replace(pg_get_constraintdef(k.oid), ' NOT VALID$', '')
                     ELSE pg_get_constraintdef(k.oid) END) AS line
    FROM pg_constraint k WHERE k.contype <> 't' AND ${own('pg_constraint', 'k', 'k.connamespace')}`,
  indexes: `SELECT concat_ws(' ', pg_get_indexdef(c.oid), x.indisreplident, x.indisclustered) AS line
    FROM pg_class c JOIN pg_index x ON x.indexrelid = c.oid AND x.indisvalid WHERE ${OWN_RELATION}`,
  views: `SELECT concat_ws(' ', c.oid::regclass, pg_get_viewdef(c.oid)) AS line
    FROM pg_class c WHERE c.relkind IN ('v', 'm') AND ${OWN_RELATION}`,
  sequences: `SELECT concat_ws(' ', c.oid::regclass, s.seqtypid::regtype, s.seqstart, s.seqincrement, s.seqmax, s.seqmin,
      s.seqcache, s.seqcycle) AS line FROM pg_class c JOIN pg_sequence s ON s.seqrelid = c.oid WHERE ${OWN_RELATION}`,
  functions: `SELECT CASE WHEN p.prokind = 'a' THEN concat_ws(' ', p.oid::regprocedure, format_type(p.prorettype, NULL))
      ELSE pg_get_functiondef(p.oid) END AS line FROM pg_proc p WHERE ${own('pg_proc', 'p', 'p.pronamespace')}`,
  triggers: `SELECT concat_ws(' ', t.tgenabled, pg_get_triggerdef(t.oid)) AS line
    FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid WHERE NOT t.tgisinternal AND ${OWN_RELATION}`,
  rules: `SELECT concat_ws(' ', r.ev_enabled, pg_get_ruledef(r.oid)) AS line
    FROM pg_rewrite r JOIN pg_class c ON c.oid = r.ev_class WHERE r.rulename <> '_RETURN' AND ${OWN_RELATION}`,
  policies: `SELECT concat_ws(' ', c.oid::regclass, quote_ident(p.polname), p.polpermissive, p.polcmd,
      (SELECT string_agg(CASE r WHEN 0 THEN 'public' ELSE r::regrole::text END, ',' ORDER BY r::regrole::text) FROM unnest(p.polroles) r),
      pg_get_expr(p.polqual, c.oid), pg_get_expr(p.polwithcheck, c.oid)) AS line
    FROM pg_policy p JOIN pg_class c ON c.oid = p.polrelid WHERE ${OWN_RELATION}`,
  types: `SELECT concat_ws(' ', t.oid::regtype, t.typtype, nullif(t.typbasetype, 0)::regtype, t.typnotnull, t.typdefault,
      (SELECT string_agg(quote_literal(enumlabel), ',' ORDER BY enumsortorder) FROM pg_enum WHERE enumtypid = t.oid)) AS line
    FROM pg_type t WHERE t.typtype IN ('d', 'e', 'r', 'c') AND t.typelem = 0
      AND (t.typrelid = 0 OR EXISTS (SELECT FROM pg_class c WHERE c.oid = t.typrelid AND c.relkind = 'c'))
      AND ${own('pg_type', 't', 't.typnamespace')}`,
};

/** By queries that share nothing with pg_dump. Equal texts mean equal objects within one major version of the server. */
export async function readSchemaDigests(database: Database): Promise<SchemaDigests> {
  const rows = await database.query<{ kind: string; digest: string }>(
    Object.entries(KINDS)
      .map(
        ([kind, lines]) =>
          `SELECT '${kind}' AS kind, md5(coalesce(string_agg(line, E'\\n' ORDER BY line COLLATE "C"), '')) AS digest FROM (${lines}) l`,
      )
      .join(' UNION ALL '),
  );
  return Object.fromEntries(rows.map(({ kind, digest }) => [kind, digest]));
}
