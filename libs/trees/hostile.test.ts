import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import type { TreeRecord } from '#libs/contracts/tree-snapshot.ts';
import { openWorld } from './fixtures/world.ts';
import { showPath } from './paths.ts';
import { Placer } from './placer.ts';

const common = { root: 'media', mode: 0o755, uid: 0, gid: 0, mtimeNs: '1' };
const data = { bytes: 1, sha256: '', chunks: [] };
const folder = (path: string): TreeRecord => ({ ...common, path, kind: 'folder' });
const file = (path: string): TreeRecord => ({ ...common, path, kind: 'file', data });
const symlink = (path: string, target: string): TreeRecord => ({ ...common, path, kind: 'symlink', target });
const link = (path: string, same: string): TreeRecord => ({ ...common, path, kind: 'link', same });

const LISTINGS: Readonly<Record<string, readonly TreeRecord[]>> = {
  'a path upwards': [folder('.'), file('../out')],
  'a path upwards further in': [folder('.'), folder('a'), file('a/../../out')],
  'the folder above': [folder('.'), folder('..')],
  'an absolute path': [folder('.'), file('/out')],
  'a file below a link': [folder('.'), symlink('a', '..'), file('a/out')],
  'a file in a folder that has no record': [folder('.'), file('a/out')],
  'a hard link upwards': [folder('.'), link('a', '../victim')],
  'a hard link through a link': [folder('.'), symlink('a', '..'), link('b', 'a/victim')],
  'a hard link to a link': [folder('.'), symlink('a', '../victim'), link('b', 'a')],
};

for (const [name, records] of Object.entries(LISTINGS))
  test(`a listing with ${name} is refused, and nothing outside is written`, async () => {
    await using world = await openWorld();
    mkdirSync(world.at('stage'));
    writeFileSync(world.at('stage', 'victim'), 'untouched');
    async function* read() {
      yield Buffer.from('x');
    }
    const placer = new Placer(world.at('stage', 'new'), { read, onBytes: () => {} });
    const placing = async (): Promise<void> => {
      for (const record of records) await placer.add(record);
      await placer.end();
    };
    await assert.rejects(placing(), { code: 'PATH_ESCAPES_ROOT' });
    assert.equal(existsSync(world.at('stage', 'out')), false);
    assert.equal(readFileSync(world.at('stage', 'victim'), 'utf8'), 'untouched');
  });

test('paths are shown as UTF-8, other bytes and control characters by their number', () => {
  const show = (bytes: Buffer): string => showPath(bytes.toString('latin1'));
  assert.equal(show(Buffer.from('Grün/€/🗂')), 'Grün/€/🗂');
  assert.equal(show(Buffer.from([0x61, 0xff, 0x62, 0xc3])), 'a\\xffb\\xc3');
  assert.equal(show(Buffer.from('a\nb\x7f')), 'a\\x0ab\\x7f');
});
