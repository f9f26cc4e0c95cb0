import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Repository } from '#libs/repository/port.ts';
import { canonicalJson } from '#libs/kernel/json.ts';
import { runIdOf, sha256 } from '#libs/kernel/ids.ts';
import { encodeEntry, entryName } from '#libs/saga/chain.ts';
import { lastCheckpointed, writeCheckpoint } from '#libs/saga/checkpoints.ts';
import { logPrefix, type LogEntry, type LogEvent } from '#libs/saga/log.ts';
import { relevant } from '#libs/saga/relevant.ts';
import type { ObjectStore } from '#libs/store/port.ts';

export interface LongLog {
  readonly deployment: string;
  readonly entries: number;
  readonly backups: number;
}

const PUTS_MAX = 16;

/** Puts one object; how durable it is does not matter here. */
export type Put = (name: string, bytes: Buffer) => Promise<void> | void;

/** Into the folder of a directory store, without a sync. */
export function putInto(folder: string): Put {
  const made = new Set<string>();
  return (name, bytes) => {
    const below = join(folder, name.slice(0, name.lastIndexOf('/')));
    if (!made.has(below)) mkdirSync(below, { recursive: true, mode: 0o700 });
    made.add(below);
    writeFileSync(join(folder, name), bytes, { flag: 'wx' });
  };
}

/**
 * The history of years: backups by slots and by events with manifests that are signed, and releases of values between
 * them, as a valid chain with its last checkpoint.
 */
export async function writeLongLog(
  { deployment, entries, backups }: LongLog,
  store: ObjectStore,
  repository: Repository,
  put: Put,
): Promise<void> {
  const between = Math.floor(entries / backups);
  let kept: readonly LogEntry[] = [];
  let since: LogEntry[] = [];
  let previous = '';
  for (let n = 0; n < entries; n += 1) {
    const backup = Math.floor(n / between);
    const at = timeOf(n, entries);
    const event = eventAt({ deployment, backup, place: n % between, at });
    if (event.kind === 'committed') await put(...manifestOf(deployment, event, at, repository));
    const bytes = encodeEntry({ n, at, previous, event });
    await put(entryName(logPrefix(deployment), n), bytes);
    since.push({ n, at, previous, event });
    previous = sha256(bytes);
    if (n === lastCheckpointed(entries)) {
      const checkpoint = { n, head: previous, entries: [...kept, ...since] };
      await writeCheckpoint(store, deployment, checkpoint);
    }
    if (since.length < 4096) continue;
    kept = relevant(deployment, [...kept, ...since]);
    since = [];
  }
}

/** The last entry is a minute old, the others a minute apart. */
function timeOf(n: number, entries: number): string {
  return new Date(Date.now() - (entries - n) * 60_000).toISOString();
}

function eventAt(where: {
  readonly deployment: string;
  readonly backup: number;
  readonly place: number;
  readonly at: string;
}): LogEvent {
  const { deployment, backup, place, at } = where;
  const slot = new Date(Date.UTC(2000, 0, 1) + backup * 3_600_000).toISOString();
  const runId = runIdOf({ kind: 'slot', deployment, key: slot });
  switch (place) {
    case 0:
      return { kind: 'slot', slot };
    case 1:
      return { kind: 'opened', runId, runKind: 'backup', exclusive: false, principal: 'schedule' };
    case 2:
      return { kind: 'committed', runId, backupId: backupIdAt(backup), manifestDigest: sha256(runId) };
    case 3:
      return { kind: 'closed', runId, outcome: 'completed' };
    default:
      return { kind: 'value-released', principal: 'operator', at, file: '/app/.env', name: 'SECRET_KEY' };
  }
}

function backupIdAt(backup: number): string {
  const time = new Date(Date.UTC(2000, 0, 1) + backup * 3_600_000).toISOString();
  return `${time.slice(0, 19).replaceAll(/[-:]/g, '')}Z-${backup.toString(16).padStart(8, '0')}`;
}

function manifestOf(
  deployment: string,
  { backupId, runId }: Extract<LogEvent, { kind: 'committed' }>,
  at: string,
  repository: Repository,
): readonly [name: string, bytes: Buffer] {
  const manifest = {
    format: 1,
    repository: repository.id,
    backupId,
    runId,
    deployment,
    profile: 'plain',
    specVersion: 1,
    specDigest: '',
    principal: 'schedule',
    mark: '',
    startedAt: at,
    committedAt: at,
    completeness: 'complete',
    leftOut: [],
    snapshots: ['database', 'files', 'config'].map((component) => ({
      component,
      id: `${runId}.${component}`,
      digest: '00',
      sourceBytes: 0,
      newBytes: 0,
      packs: [],
      facts: component === 'database' ? { extensions: [], serverMajor: 18 } : {},
    })),
    verification: { checks: [], notChecked: [] },
    preflight: {},
  };
  const signature = repository.sign(Buffer.from(canonicalJson(manifest)));
  return [
    `backups/${deployment}/${backupId}.json`,
    Buffer.from(`${JSON.stringify({ manifest, signature }, null, 2)}\n`),
  ];
}

/** Into a store over a network, many at once. */
export function pooledPut(store: ObjectStore): { readonly put: Put; readonly flush: () => Promise<void> } {
  const underWay = new Set<Promise<void>>();
  return {
    async put(name, bytes) {
      const put = store.put(name, bytes, { createOnly: true }).finally(() => underWay.delete(put));
      underWay.add(put);
      if (underWay.size >= PUTS_MAX) await Promise.race(underWay);
    },
    flush: async () => void (await Promise.all(underWay)),
  };
}
