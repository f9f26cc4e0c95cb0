import type { DocumentRow } from '#libs/contracts/database-snapshot.ts';
import type { SnapshotRef } from '#libs/contracts/requests.ts';
import { atSite } from '#libs/contracts/sites.ts';
import { HoldfastError } from '#libs/kernel/errors.ts';
import type { StepContext } from '#libs/runtime/contract.ts';
import type { VerifierPorts } from '../ports.ts';
import { FileIndex, reconcile, type Reconciliation } from './reconcile.ts';

/** Rows of a database that went back in time against the files that did not. Lists are cut; counts are whole. */
export interface LivingReconciliation extends Reconciliation {
  /** Written after the backup, and no row names them: the work of the window that is lost. */
  readonly newer: FileList;
  /** Older, and no row names them. */
  readonly unnamed: FileList;
  /** What was done in the database between these moments is lost. */
  readonly window: { readonly from: string; readonly to: string };
}

export interface FileList {
  readonly count: number;
  readonly examples: readonly string[];
}

/** More are a matter for a program: the count tells how many. */
const LISTED_MAX = 100;

/** Looks only; content is read, for a file that was overwritten in place has the size of nobody's memory. */
export async function reconcileLiving(
  database: SnapshotRef,
  context: StepContext,
  ports: VerifierPorts,
): Promise<LivingReconciliation> {
  const { evidence, clock } = ports;
  const { takenAt } = await evidence.requireSnapshot(database, context.signal);
  const { index, seen } = await readLiving(context, ports);
  const named = new Set<string>();
  const rows = ofRoots(evidence.documents(database, context.signal), rootsElsewhere(context));
  const fit = await reconcile(noting(rows, named), index);
  const nobodys = seen.filter(({ place }) => !named.has(place));
  const takenNs = BigInt(Date.parse(takenAt)) * 1_000_000n;
  return {
    ...fit,
    newer: listOf(nobodys.filter(({ mtimeNs }) => mtimeNs > takenNs)),
    unnamed: listOf(nobodys.filter(({ mtimeNs }) => mtimeNs <= takenNs)),
    window: { from: takenAt, to: new Date(clock.now()).toISOString() },
  };
}

interface SeenFile {
  readonly place: string;
  readonly mtimeNs: bigint;
}

/** Roots that document rules speak of; files of other roots are never named by rows. */
async function readLiving({ spec, command, signal, progress }: StepContext, { trees }: VerifierPorts) {
  const index = new FileIndex();
  const seen: SeenFile[] = [];
  const ruled = new Set(spec.files.documents.map(({ root }) => root));
  for (const { name, path } of atSite(spec, command.site).files.roots.filter((root) =>
    ruled.has(root.name),
  )) {
    try {
      for await (const entry of trees.walk(path, { digest: true, signal })) {
        if (entry.kind !== 'file') continue;
        index.addContent(name, entry.path, { bytes: entry.bytes, sha256: entry.sha256 });
        seen.push({
          place: `${name}/${Buffer.from(entry.path, 'latin1').toString('utf8')}`,
          mtimeNs: entry.mtimeNs,
        });
        progress({ bytes: seen.length, activity: 'comparing rows with living files' });
      }
    } catch (thrown) {
      // A root that is away holds nothing: every row of it is then missing, which is what is to be said.
      if ((thrown as { code?: unknown }).code !== 'ENOENT') throw HoldfastError.from(thrown);
    }
  }
  return { index, seen };
}

/** Roots of other sites: what lies there cannot be looked at from here. */
export function rootsElsewhere({ spec, command }: StepContext): ReadonlySet<string> {
  return new Set(spec.files.roots.filter(({ site }) => site !== command.site).map(({ name }) => name));
}

async function* ofRoots(
  rows: AsyncIterable<DocumentRow>,
  elsewhere: ReadonlySet<string>,
): AsyncIterable<DocumentRow> {
  for await (const row of rows) if (!elsewhere.has(row.root)) yield row;
}

async function* noting(rows: AsyncIterable<DocumentRow>, named: Set<string>): AsyncIterable<DocumentRow> {
  for await (const row of rows) {
    named.add(`${row.root}/${row.path}`);
    yield row;
  }
}

function listOf(files: readonly SeenFile[]): FileList {
  return { count: files.length, examples: files.slice(0, LISTED_MAX).map(({ place }) => place) };
}
