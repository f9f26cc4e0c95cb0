import { stagedTreePath } from '#libs/contracts/stage.ts';
import type { SnapshotRef, Staged, StagedDatabase, StagedTrees } from '#libs/contracts/requests.ts';
import type { DatabaseFacts } from '#libs/contracts/database-snapshot.ts';
import { adaptationOf } from '#libs/contracts/adaptation.ts';
import { HoldfastError } from '#libs/kernel/errors.ts';
import type { StepContext } from '#libs/runtime/contract.ts';
import { withHeartbeat } from '#libs/runtime/heartbeat.ts';
import type { VerifierPorts } from '../ports.ts';
import { compareDatabase, type Compared, type SourceTable } from './compare-database.ts';
import { adaptedBy } from './adapted-files.ts';
import { compareTrees } from './compare-trees.ts';

export interface Looking {
  readonly snapshots: readonly SnapshotRef[];
  /** What became of each snapshot, in the same order. */
  readonly staged: readonly Staged[];
  /** `beside`: under the staging names; `live`: under the names the application uses. */
  readonly place: 'beside' | 'live';
  /** Read content again; without it the trees' sizes, modes and times are compared. */
  readonly digests: boolean;
}

/** What was restored here against its snapshots. Looks only. */
export async function lookAt(
  looking: Looking,
  context: StepContext,
  ports: VerifierPorts,
): Promise<Compared> {
  const parts: Compared[] = [];
  for (const [at, staged] of looking.staged.entries()) {
    const ref = looking.snapshots[at];
    if (ref?.component !== staged.component)
      throw new HoldfastError('MESSAGE_MALFORMED', { wanted: `the snapshot of staged ${staged.component}` });
    const look =
      staged.component === 'database'
        ? () => lookAtDatabase(staged, ref, looking, context, ports)
        : () => lookAtTrees(staged, ref, looking, context, ports);
    parts.push(await context.phase(staged.component, look));
  }
  return {
    checks: parts.flatMap(({ checks }) => checks),
    problems: parts.flatMap(({ problems }) => problems),
  };
}

async function lookAtDatabase(
  staged: StagedDatabase,
  ref: SnapshotRef,
  looking: Looking,
  context: StepContext,
  ports: VerifierPorts,
): Promise<Compared> {
  await using view = await ports.databases.open(
    context.spec,
    looking.place === 'beside' ? staged.side : staged.live,
    context.signal,
  );
  const { facts } = await ports.evidence.requireSnapshot(ref, context.signal);
  const source = { facts: facts as unknown as DatabaseFacts };
  const tables: SourceTable[] = [];
  // Where their rows lie in the store is most of a record.
  for await (const { schema, name, columns, rows, contentHash, throughRoot } of ports.evidence.tables(
    ref,
    context.signal,
  ))
    tables.push({ schema, name, columns, rows, contentHash, throughRoot });
  const sequences = await Array.fromAsync(ports.evidence.sequences(ref, context.signal));
  const adaptation = adaptationOf(context.spec, ref.deployment);
  let seen = 0;
  let activity = 'proving tables';
  // From here on there are queries only.
  return await withHeartbeat(
    () => context.progress({ bytes: seen, activity }),
    () =>
      compareDatabase({ ...source, tables, sequences }, view, adaptation, (table) => {
        seen += 1;
        activity = `proved ${table}`;
      }),
  );
}

async function lookAtTrees(
  staged: StagedTrees,
  ref: SnapshotRef,
  looking: Looking,
  context: StepContext,
  ports: VerifierPorts,
): Promise<Compared> {
  const listing = ports.evidence.listing(ref, context.signal);
  const places = staged.roots
    .filter((root) => !root.absent)
    .map((root) => ({
      root: root.name,
      path: looking.place === 'beside' ? stagedTreePath(root, staged.stage) : root.path,
    }));
  const expected = { owners: process.getuid?.() === 0, digests: looking.digests };
  const name = `${staged.component}: ${looking.digests ? 'entries and content' : 'entries'}`;
  const adapted = adaptedBy(staged, ref, context, ports);
  const compared = await compareTrees(
    {
      name,
      level: staged.component === 'files' ? 3 : 4,
      listing,
      places,
      expected,
      overridden: adapted?.overridden,
    },
    ports.trees,
    context.signal,
  );
  if (adapted === undefined) return compared;
  return {
    ...compared,
    checks: compared.checks.map((check) => ({ ...check, detail: `${check.detail}; ${adapted.told}` })),
  };
}
