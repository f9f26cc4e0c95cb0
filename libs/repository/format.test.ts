import assert from 'node:assert/strict';
import { createDecipheriv, createHash, createHmac, hkdfSync } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { zstdDecompressSync } from 'node:zlib';
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
  await put('keys/everyday-00000000000000000000000000000000', 'key slot');
  await put(packObject(text('pack name')), 'pack');
  await put(`index/${text('index name')}`, 'index');
  await put('snapshots/records/files/example', 'snapshot');
  return store;
}

test('keys, gear words, chunk id and signature are those of the page', () => {
  const keys = deriveKeys(bytes('master'));
  const gear = gearTable(keys.gear);
  const computed = {
    'key chunk-id': keys.chunkId.toString('hex'),
    'key chunk-seal': keys.chunkSeal.toString('hex'),
    'key object-seal': keys.objectSeal.toString('hex'),
    'key mac': keys.mac.toString('hex'),
    'key gear': keys.gear.toString('hex'),
    'verifying key': keys.verifying,
    'gear 0': gear[0]!.toString(16).padStart(8, '0'),
    'gear 1': gear[1]!.toString(16).padStart(8, '0'),
    'gear 255': gear[255]!.toString(16).padStart(8, '0'),
    'chunk id': chunkIdOf(keys, bytes('plain sha-256')),
    'chunk key': hmac(keys.chunkSeal, bytes('chunk id')).toString('hex'),
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
});

test('a reader written from the page alone, with none of our code, gets the chunk out of the pack', () => {
  const pack = bytes('pack');
  assert.equal(createHash('sha256').update(pack).digest('hex'), text('pack name'));
  const key = (label: string) =>
    Buffer.from(hkdfSync('sha256', bytes('master'), '', `holdfast/1/${label}`, 32));
  const unseal = (secret: Buffer, aad: Buffer, sealed: Buffer) => {
    const decipher = createDecipheriv('aes-256-gcm', secret, sealed.subarray(0, 12)).setAAD(aad);
    decipher.setAuthTag(sealed.subarray(-16));
    return Buffer.concat([decipher.update(sealed.subarray(12, -16)), decipher.final()]);
  };
  assert.equal(pack.toString('latin1', 0, 8), 'HFPACK01');
  assert.equal(pack.toString('latin1', pack.length - 8), 'HFTABL01');
  const end = pack.length - 16;
  const sealedTable = pack.subarray(end - pack.readUInt32BE(end), end);
  const table = unseal(key('object-seal'), Buffer.from('holdfast/1/pack-table'), sealedTable);
  assert.equal(table.length, 45 * pack.readUInt32BE(end + 4));
  const id = table.subarray(0, 32);
  const at = table.readUInt32BE(37);
  const chunkKey = createHmac('sha256', key('chunk-seal')).update(id).digest();
  const sealed = pack.subarray(at, at + table.readUInt32BE(41));
  const plain = zstdDecompressSync(unseal(chunkKey, table.subarray(0, 37), sealed));
  assert.equal(table.readUInt8(32), 1);
  assert.equal(plain.length, table.readUInt32BE(33));
  assert.ok(plain.equals(bytes('plain')));
  const digest = createHash('sha256').update(plain).digest();
  assert.ok(createHmac('sha256', key('chunk-id')).update(digest).digest().equals(id));
});
