import type { LargeObjectRecord } from '#libs/contracts/database-snapshot.ts';
import type { Database } from '#libs/postgres/connect.ts';
import { quoteName, quoteText } from '#libs/postgres/quote.ts';
import type { StageMarks } from './stage-marks.ts';

const FETCH_ROWS = 2_000;
/** Each takes a lock until its transaction ends. */
const BATCH = 500;

/**
 * All of them, without content, which are rows of their table. Not by pg_dump: since version 17 it counts them among the
 * rows. In the transaction that the session is in.
 */
export async function* listLargeObjects(database: Database): AsyncIterable<LargeObjectRecord> {
  await database.run(`DECLARE holdfast_large_objects NO SCROLL CURSOR FOR
    SELECT l.oid::text AS oid, pg_get_userbyid(lomowner) AS owner, obj_description(l.oid, 'pg_largeobject') AS comment,
           CASE WHEN lomacl IS NOT NULL THEN (
             SELECT coalesce(json_agg(json_build_object(
                      'grantee', CASE grantee WHEN 0 THEN NULL ELSE pg_get_userbyid(grantee) END,
                      'privilege', privilege_type, 'grantable', is_grantable)), '[]')
               FROM aclexplode(lomacl)) END AS grants
      FROM pg_largeobject_metadata l ORDER BY l.oid`);
  for (;;) {
    const rows = await database.query<LargeObjectRecord>(`FETCH ${FETCH_ROWS} FROM holdfast_large_objects`);
    if (rows.length === 0) break;
    yield* rows;
  }
  await database.run('CLOSE holdfast_large_objects');
}

type Stage = 'made' | 'given';

/**
 * `made`: empty and the session's own, for it must write what is in them; `given` to their owners, with comments and
 * grants. Batch by batch; what an earlier worker did is passed by.
 */
export async function restoreLargeObjects(
  database: Database,
  records: AsyncIterable<LargeObjectRecord>,
  {
    stage,
    marks,
    keepsOwners,
  }: { readonly stage: Stage; readonly marks: StageMarks; readonly keepsOwners: boolean },
): Promise<void> {
  let batch: LargeObjectRecord[] = [];
  const make = async () => {
    const part = `large objects ${stage} from ${batch[0]?.oid}`;
    if (batch.length > 0 && !marks.has(part)) {
      await database.run('BEGIN');
      await database.run(batch.flatMap((each) => statementsOf(each, stage, keepsOwners)).join('; '));
      await marks.add(database, part);
      await database.run('COMMIT');
    }
    batch = [];
  };
  for await (const record of records) {
    batch.push(record);
    if (batch.length === BATCH) await make();
  }
  await make();
}

function statementsOf(
  { oid, owner, comment, grants }: LargeObjectRecord,
  stage: Stage,
  keepsOwners: boolean,
): readonly string[] {
  if (stage === 'made') return [`SELECT lo_create(${oid})`];
  const it = `LARGE OBJECT ${oid}`;
  const given = (grants ?? []).map(({ grantee, privilege, grantable }) => {
    const to = grantee === null ? 'PUBLIC' : quoteName(grantee);
    return `GRANT ${privilege} ON ${it} TO ${to}${grantable ? ' WITH GRANT OPTION' : ''}`;
  });
  return [
    ...(comment === null ? [] : [`COMMENT ON ${it} IS ${quoteText(comment)}`]),
    ...(keepsOwners ? [`ALTER ${it} OWNER TO ${quoteName(owner)}`] : []),
    // What nobody has granted is the owner's all the same; what somebody has, is all there is.
    ...(grants === null
      ? []
      : [`REVOKE ALL ON ${it} FROM ${keepsOwners ? quoteName(owner) : 'CURRENT_USER'}`, ...given]),
  ];
}
