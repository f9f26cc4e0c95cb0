import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseSpec } from '#libs/contracts/spec.ts';
import { sharedPlaces } from './shared-places.ts';

const specOf = (deployment: string, variable: string, folder: string, site = 'local') =>
  parseSpec(`deployment: ${deployment}
database: { url: { env: ${variable} } }
files: { roots: [{ name: storage, path: ${folder}/storage, site: ${site} }] }
config: { envFiles: [${folder}/.env], site: ${site} }
`);
const OWN = specOf('records', 'RECORDS_URL', '/app');

test('two deployments with one database, or one folder, are named to each other with all they share', () => {
  const [found, ...more] = sharedPlaces(OWN, [OWN, specOf('copy', 'RECORDS_URL', '/app')]);
  assert.deepEqual(more, []);
  assert.deepEqual([found?.code, found?.subject], ['PLACE_IN_USE', 'copy']);
  assert.match(found!.message, /database \(RECORDS_URL\), \/app\/storage, \/app\/\.env/);
  assert.match(
    sharedPlaces(OWN, [specOf('copy', 'RECORDS_URL', '/other')])[0]!.message,
    /same database \(RECORDS_URL\):/,
  );
});

test('the same path on another site is another place, and a place of its own is nobody’s concern', () => {
  assert.deepEqual(
    sharedPlaces(OWN, [specOf('copy', 'COPY_URL', '/app', 'elsewhere'), specOf('own', 'OWN_URL', '/own')]),
    [],
  );
});
