import assert from 'node:assert/strict';
import { test } from 'node:test';
import { HoldfastError } from '#libs/kernel/errors.ts';
import { Secret } from '#libs/kernel/secret.ts';
import { openStore } from './open-store.ts';

const credentials = { accessKey: 'someone', secretKey: new Secret('canary') };
const S3 = 's3://holdfast?endpoint=http://127.0.0.1:9000&region=us-east-1';

test('an address opens the store it names', () => {
  assert.equal(openStore('disk:/srv/a%20b/%C3%A4').name, 'disk:/srv/a b/ä');
  assert.equal(openStore(S3, credentials).name, 's3:127.0.0.1:9000/holdfast');
  const amazon = 's3://my.bucket?endpoint=https://s3.amazonaws.com&region=eu-central-1';
  assert.equal(openStore(amazon, credentials).name, 's3:s3.amazonaws.com/my.bucket');
});

test('an address of another form is CONFIG_INVALID', () => {
  const wrong = [
    '',
    'memory:',
    '/srv/a',
    'disk:',
    'disk:a',
    'disk://host/a',
    'disk:/a%2Fb',
    'disk:/a%',
    'disk:/a?b',
    's3:',
    's3://',
    'file:///a',
    'http://127.0.0.1:9000/holdfast',
    `${S3}&style=path`,
    S3.replace('holdfast', 'Hold_fast'),
    S3.replace('?', '/folder?'),
    S3.replace('&region=us-east-1', ''),
    S3.replace('http:', 'ftp:'),
    S3.replace(':9000', ':9000/path'),
    S3.replace('127', 'me:canary@127'),
    S3.replace('holdfast', 'me:canary@holdfast'),
  ];
  for (const url of wrong)
    assert.throws(
      () => openStore(url, credentials),
      (error: HoldfastError) =>
        error.code === 'CONFIG_INVALID' && !JSON.stringify(error.toRecord()).includes('canary'),
      url,
    );
});

test('every problem of an S3 address is told at once', () => {
  assert.throws(
    () => openStore('s3://X?endpoint=nowhere&zone=1'),
    (error: HoldfastError) => error.problems.length === 6,
  );
});
