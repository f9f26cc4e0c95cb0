import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { openManifest, type Manifest } from '#libs/contracts/manifest.ts';
import type { TreeRecord } from '#libs/contracts/tree-snapshot.ts';
import { Secret } from '#libs/kernel/secret.ts';
import { diskStore } from '#libs/store/disk.ts';
import { memoryStore } from '#libs/store/memory.ts';
import type { ObjectStore } from '#libs/store/port.ts';
import { namesBelow } from './fixtures/opened.ts';
import { readNdjson } from './ndjson.ts';
import { newIdentity, openRepository } from './open.ts';
import type { Repository } from './port.ts';

/** Repositories as earlier versions wrote them: whatever changes, this code goes on to read every byte. */
const FOLDERS = globSync('test/fixtures/repositories/v*');

interface Expected {
  readonly deployment: string;
  readonly backup: string;
  readonly files: readonly Record<string, unknown>[];
  readonly config: readonly Record<string, unknown>[];
}

test('there are repositories to read', () => assert.ok(FOLDERS.length > 0));

for (const folder of FOLDERS) {
  const store = diskStore(join(folder, 'store'));
  const { deployment, backup, ...entries } = JSON.parse(
    readFileSync(join(folder, 'expected.json'), 'utf8'),
  ) as Expected;

  test(`${folder} opens with each of its identities and gives what was written`, async () => {
    for (const identity of identitiesIn(folder))
      assert.deepEqual(await readEverything(store, identity), entries);
  });

  test(`${folder} gives the same without its index`, async () => {
    const bare = memoryStore();
    for (const name of await namesBelow(store, ''))
      if (!name.startsWith('index/')) await bare.put(name, await store.get(name), { createOnly: true });
    assert.deepEqual(await readEverything(bare, identitiesIn(folder)[0]!), entries);
  });

  test(`every pack of ${folder} is whole, and what is under another name or of another hand is refused`, async () => {
    const repository = await openRepository({ store, identity: identitiesIn(folder)[0]! });
    const packs = (await namesBelow(store, 'packs/')).map((name) => name.split('/')[2]!);
    for (const pack of packs) await repository.verifyPack(pack);
    const { bytes, manifest } = await readManifest(store, repository);
    assert.deepEqual(manifest.snapshots.flatMap((snapshot) => snapshot.packs).toSorted(), packs);
    const verify: Repository['verifySignature'] = (...signed) => repository.verifySignature(...signed);
    const where = { deployment, id: backup };
    assert.throws(() => openManifest(bytes, { ...where, id: 'another' }, verify), {
      code: 'MANIFEST_DAMAGED',
    });
    const changed = Buffer.from(bytes.toString().replace('"complete"', '"partial"'));
    assert.throws(() => openManifest(changed, where, verify), { code: 'MANIFEST_DAMAGED' });
    await assert.rejects(openRepository({ store, identity: await newIdentity() }), { code: 'KEY_WRONG' });
  });

  async function readManifest(from: ObjectStore, repository: Repository) {
    const bytes = await from.get(`backups/${deployment}/${backup}.json`);
    const verify: Repository['verifySignature'] = (...signed) => repository.verifySignature(...signed);
    return { bytes, manifest: openManifest(bytes, { deployment, id: backup }, verify) };
  }

  async function readEverything(from: ObjectStore, identity: Secret) {
    const repository = await openRepository({ store: from, identity });
    const { manifest } = await readManifest(from, repository);
    const read = async (cited: Manifest['snapshots'][number]) =>
      [cited.component, await readTree(repository, deployment, cited)] as const;
    return Object.fromEntries(await Promise.all(manifest.snapshots.map(read)));
  }
}

function identitiesIn(folder: string): readonly Secret[] {
  const lines = readFileSync(join(folder, 'identities.txt'), 'utf8').trim().split('\n');
  return lines.filter((line) => !line.startsWith('#')).map((line) => new Secret(line));
}

async function readTree(repository: Repository, deployment: string, cited: Manifest['snapshots'][number]) {
  const { component, id, digest } = cited;
  const { streams } = await repository.readSnapshot({ deployment, component, id, digest });
  const entries: unknown[] = [];
  for await (const record of readNdjson<TreeRecord>(repository.read(streams['listing']!))) {
    if (record.kind !== 'file') entries.push(record);
    else {
      const { data, ...entry } = record;
      const hash = createHash('sha256');
      for await (const piece of repository.read(data)) hash.update(piece);
      entries.push({ ...entry, sha256: hash.digest('hex') });
    }
  }
  return entries;
}
