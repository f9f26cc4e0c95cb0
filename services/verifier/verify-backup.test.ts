import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { DocumentRow } from '#libs/contracts/database-snapshot.ts';
import type { Manifest } from '#libs/contracts/manifest.ts';
import type { VerifyOutcome } from '#libs/contracts/requests.ts';
import type { TreeRecord } from '#libs/contracts/tree-snapshot.ts';
import { systemClock } from '#libs/kernel/clock.ts';
import { sha256, type SnapshotId } from '#libs/kernel/ids.ts';
import { canonicalJson, type Json } from '#libs/kernel/json.ts';
import { writeNdjson } from '#libs/repository/ndjson.ts';
import { createRepository, openRepository } from '#libs/repository/open.ts';
import type { Component } from '#libs/repository/port.ts';
import type { StepContext } from '#libs/runtime/contract.ts';
import { memoryStore } from '#libs/store/memory.ts';
import { onVerifyBackup } from './handlers/on-verify-backup.ts';
import { buildService } from './service.ts';

const RUN = 'ab'.repeat(16);
const { signal } = new AbortController();
const content = (path: string) => ({ bytes: path.length, sha256: sha256(path) });

/** A source with these files, and rows that name these paths with the content of those files. */
async function openScene(files: readonly string[], rows: Readonly<Record<string, string>>) {
  const store = memoryStore();
  const { identity } = await createRepository({ store });
  const repository = await openRepository({ store, identity });
  const { ports } = await buildService({
    store,
    repository,
    clock: systemClock,
    requireSecret: () => {},
  } as never);

  const recordOf = (path: string): TreeRecord => {
    const base = { root: 'media', path, mode: 0o644, uid: 0, gid: 0, mtimeNs: '0' };
    return { ...base, kind: 'file', data: { ...content(path), chunks: [] } };
  };
  const documents = Object.entries(rows).map(([path, named]): DocumentRow => {
    return { table: 'documents', root: 'media', path, sha256: sha256(named), size: named.length };
  });
  const streams = {
    database: { documents },
    files: { listing: files.map(recordOf) },
    config: { listing: [recordOf('.env')] },
  };

  const take = async (component: Component, attempt: number) => {
    const [[name, records]] = Object.entries(streams[component]) as [[string, readonly object[]]];
    await using writer = repository.writer();
    async function* source() {
      yield* records as readonly Json[];
    }
    const stream = await writer.writeStream(writeNdjson(source()));
    const { packs, newBytes } = await writer.flush();
    const id = `${RUN}.${component}.${attempt}` as SnapshotId;
    const facts = {};
    const common = { id, deployment: 'edms', component, runId: RUN, takenAt: '', mark: '' };
    const { digest } = await repository.putSnapshot({ ...common, facts, streams: { [name]: stream }, packs });
    return { ref: { deployment: 'edms', component, id, digest }, packs, newBytes };
  };
  const attempt = (number: number) =>
    Promise.all((['database', 'files', 'config'] as const).map((component) => take(component, number)));

  const verify = async (taken: Awaited<ReturnType<typeof attempt>>) => {
    const request = { backupId: '20260101T000000Z-abababab', snapshots: taken.map(({ ref }) => ref) };
    const context = {
      command: { runId: RUN, deployment: 'edms' },
      signal,
      progress: () => {},
      phase: <T>(_: string, work: () => Promise<T>) => work(),
    } as unknown as StepContext;
    return (await onVerifyBackup(request, context, ports)) as unknown as VerifyOutcome;
  };
  const commit = async (
    packs: readonly string[],
    sign = (bytes: Buffer) => repository.sign(bytes),
  ): Promise<void> => {
    const manifest = manifestWith(packs);
    const signature = sign(Buffer.from(canonicalJson(manifest as unknown as Json)));
    const bytes = Buffer.from(JSON.stringify({ manifest, signature }));
    await store.put('backups/other/20250101T000000Z-00000000.json', bytes, { createOnly: true });
  };
  const damage = async (pack: string): Promise<void> => {
    const name = `packs/${pack.slice(0, 2)}/${pack}`;
    const bytes = await store.get(name);
    bytes[9]! ^= 1;
    await store.put(name, bytes, { createOnly: false });
  };
  return { attempt, verify, commit, damage };
}

function manifestWith(packs: readonly string[]): Manifest {
  const snapshot = {
    component: 'files',
    id: 'x',
    digest: 'x',
    sourceBytes: 0,
    newBytes: 0,
    facts: {},
  } as const;
  return {
    format: 1,
    repository: 'x',
    backupId: '20250101T000000Z-00000000',
    runId: RUN,
    deployment: 'other',
    profile: 'custom',
    specVersion: 1,
    specDigest: '',
    principal: '',
    mark: '',
    startedAt: '',
    committedAt: '',
    completeness: 'complete',
    leftOut: [],
    snapshots: [{ ...snapshot, packs: [...packs] }],
    verification: { checks: [], notChecked: [] },
    preflight: {},
  };
}

const checkOf = ({ checks }: VerifyOutcome, name: string) => checks.find((check) => check.name === name)!;

test('a pack that an earlier attempt wrote and no backup cites is read again', async () => {
  const scene = await openScene(['a'], { a: 'a' });
  await scene.attempt(1);
  const second = await scene.attempt(2);
  assert.ok(second.every(({ newBytes }) => newBytes === 0));
  const sound = await scene.verify(second);
  assert.match(checkOf(sound, 'packs re-read').detail, /^[1-9]\d* new packs re-read/);
  assert.ok(!sound.notChecked.some((what) => what.includes('packs of earlier backups')));
  // Nothing but reading it again would notice.
  await scene.damage(second[2]!.packs[0]!);
  await assert.rejects(scene.verify(second), { code: 'PACK_DAMAGED' });
});

test('packs of committed backups are looked for, and said not to be read again', async () => {
  const scene = await openScene(['a'], { a: 'a' });
  const taken = await scene.attempt(1);
  const cited = new Set(taken.flatMap(({ packs }) => packs));
  await scene.commit([...cited]);
  const { notChecked, checks } = await scene.verify(taken);
  assert.equal(notChecked[0], `${cited.size} packs of earlier backups: present, content not read again`);
  assert.match(checks.find(({ name }) => name === 'packs re-read')!.detail, /^0 new packs/);
});

test('a manifest that this repository did not sign spares no pack', async () => {
  const scene = await openScene(['a'], { a: 'a' });
  const taken = await scene.attempt(1);
  await scene.commit(taken[2]!.packs, () => '00'.repeat(64));
  await scene.damage(taken[2]!.packs[0]!);
  await assert.rejects(scene.verify(taken), { code: 'PACK_DAMAGED' });
});

test('rows fit when each finds its very content at its path', async () => {
  const scene = await openScene(['a', 'sub/b'], { a: 'a', 'sub/b': 'sub/b' });
  const { ok, facts } = await scene.verify(await scene.attempt(1));
  assert.equal(ok, true);
  assert.equal((facts['reconciliation'] as { matched: number }).matched, 2);
});

for (const [what, rows] of Object.entries({
  moved: { gone: 'a' },
  missing: { gone: 'nowhere' },
  different: { a: 'b' },
}))
  test(`a row whose file is ${what} makes the backup partial`, async () => {
    const scene = await openScene(['a', 'b'], rows);
    const outcome = await scene.verify(await scene.attempt(1));
    assert.equal(outcome.ok, false);
    assert.match(checkOf(outcome, 'rows and files').detail, new RegExp(`1 ${what}.*; ${what}: documents`));
  });
