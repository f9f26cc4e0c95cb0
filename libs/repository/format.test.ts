import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { Secret } from '#libs/kernel/secret.ts';
import { memoryStore } from '#libs/store/memory.ts';
import { chunkIdOf } from './chunk.ts';
import { gearTable } from './chunker.ts';
import { collect } from './fixtures/generated.ts';
import { deriveKeys, hmac, signBytes } from './keys.ts';
import { openRepository } from './open.ts';
import { packObject } from './pack.ts';

const PAGE = await readFile(new URL('FORMAT.md', import.meta.url), 'utf8');
const BLOCK = /```example\n([^`]*)```/.exec(PAGE)?.[1] ?? '';
const EXAMPLE = new Map(
  BLOCK.trim()
    .split('\n')
    .map((line) => [line.slice(0, line.indexOf(' = ')), line.slice(line.indexOf(' = ') + 3)]),
);

function text(name: string): string {
  const value = EXAMPLE.get(name);
  assert.ok(value !== undefined, `FORMAT.md has no example of ${name}`);
  return value;
}

const bytes = (name: string) => Buffer.from(text(name), 'hex');

async function exampleStore() {
  const store = memoryStore();
  const put = (name: string, what: string) => store.put(name, bytes(what), { createOnly: true });
  await put('holdfast.json', 'holdfast.json');
  await put('keys/00000002/everyday-00000000000000000000000000000000', 'key slot');
  await put(packObject(text('pack name')), 'pack');
  await put(`index/${text('index name')}`, 'index');
  await put('snapshots/records/files/example', 'snapshot');
  return store;
}

test('keys, gear words, chunk id and signature are those of the page', () => {
  const keys = deriveKeys([bytes('key 1'), bytes('key 2')]);
  const gear = gearTable(keys.gear);
  const computed = {
    'chunk-id': keys.chunkId.toString('hex'),
    mac: keys.mac.toString('hex'),
    gear: keys.gear.toString('hex'),
    'chunk-seal 1': keys.sealing(1)!.chunkSeal.toString('hex'),
    'object-seal 1': keys.sealing(1)!.objectSeal.toString('hex'),
    'chunk-seal 2': keys.sealing(2)!.chunkSeal.toString('hex'),
    'object-seal 2': keys.sealing(2)!.objectSeal.toString('hex'),
    'verifying key': keys.verifying,
    'gear 0': gear[0]!.toString(16).padStart(8, '0'),
    'gear 1': gear[1]!.toString(16).padStart(8, '0'),
    'gear 255': gear[255]!.toString(16).padStart(8, '0'),
    'chunk id': chunkIdOf(keys.chunkId, bytes('plain sha-256')),
    'chunk key': hmac(keys.sealing(2)!.chunkSeal, bytes('chunk id')).toString('hex'),
    signature: signBytes(keys, bytes('signed text')),
  };
  for (const [name, value] of Object.entries(computed)) assert.equal(value, text(name), name);
});

test('the repository of the page opens, and gives its stream, snapshot, value and digest', async () => {
  const store = await exampleStore();
  const repository = await openRepository({ store, identity: new Secret(text('identity')) });
  const snapshot = await repository.readSnapshot({
    deployment: 'records',
    component: 'files',
    id: 'example',
    digest: text('snapshot digest'),
  });
  assert.ok((await collect(repository.read(snapshot.streams['text']!))).equals(bytes('plain')));
  assert.deepEqual(snapshot.packs, [text('pack name')]);
  assert.deepEqual(await repository.verifyPack(text('pack name')), {
    bytes: bytes('pack').length,
    chunks: 1,
  });
  assert.equal(repository.open('example', bytes('value')).toString(), 'secret');
  assert.equal(repository.mac('example', 'text'), text('mac of "example" over "text"'));
  assert.ok(repository.verifySignature(bytes('signed text'), text('signature')));
  assert.ok(!repository.verifySignature(bytes('signed text'), text('signature').toUpperCase()));
});
