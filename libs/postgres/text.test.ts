import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Secret } from '#libs/kernel/secret.ts';
import { parseAddress, splitPassword, withDatabase } from './address.ts';
import { quoteName, quoteText } from './quote.ts';
import { settingText } from './setting-text.ts';

test('names and texts are quoted whatever they hold', () => {
  assert.equal(quoteName('a"b\nü'), '"a""b\nü"');
  assert.equal(quoteText("it's \\ ok"), "'it''s \\ ok'");
});

test('a setting whose value is a list of names stays a list', () => {
  assert.equal(settingText('search_path="$user", public'), '"search_path" TO "$user", public');
  assert.equal(settingText("app.name=it's"), '"app"."name" TO \'it\'\'s\'');
  assert.equal(settingText('search_path='), '"search_path" TO \'\'');
});

test('an address changes its database and never shows its password', () => {
  const url = new Secret('postgresql://me:p%40ss@[::1]:6000/old?sslmode=disable');
  const other = withDatabase(url, 'ü/? #"%41');
  assert.equal(parseAddress(other).database, 'ü/? #"%41');
  const { address, password } = splitPassword(other);
  assert.equal(password, 'p@ss');
  assert.ok(!address.includes('p%40ss') && address.includes('sslmode=disable'));
  assert.throws(
    () => parseAddress(new Secret('mysql://x:secret@h/db')),
    (error: Error) => !error.message.includes('secret'),
  );
});
