import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { contract as configVault } from '#services/config-vault/contract.ts';
import { contract as dbSnapshot } from '#services/db-snapshot/contract.ts';
import { contract as fileSnapshot } from '#services/file-snapshot/contract.ts';
import { contract as coordinator } from '#services/restore-coordinator/contract.ts';
import { contract as verifier } from '#services/verifier/contract.ts';

const page = readFileSync('protos/README.md', 'utf8');
const contracts = [dbSnapshot, fileSnapshot, configVault, coordinator, verifier];

test('the page lists every method of the protos, with the services that really serve it', () => {
  const listed = [...page.matchAll(/^\| `(holdfast\.[\w.]+)\/(\w+)` \| ([^|]+) \|/gm)].map(
    ([, service, method, servers]) => `${service}/${method}: ${servers!.trim()}`,
  );
  const served = methodsOfProtos().map(
    ({ service, method }) => `${service}/${method}: ${serversOf(service, method).join(', ')}`,
  );
  assert.ok(served.length >= 10, 'the protos were read');
  assert.deepEqual(listed.toSorted(), served.toSorted());
});

test('the page lists every verb with the services that consume it', () => {
  const verbs = [...page.matchAll(/^\| ([A-Z]\w+) \| ([a-z][^|]*) \|/gm)].map(
    ([, verb, services]) => `${verb}: ${services!.trim()}`,
  );
  const names = [...new Set(contracts.flatMap((contract) => Object.keys(contract.consumes)))];
  const consumed = names.map(
    (verb) =>
      `${verb}: ${contracts
        .filter((contract) => verb in contract.consumes)
        .map(({ service }) => service)
        .join(', ')}`,
  );
  assert.deepEqual(verbs.toSorted(), consumed.toSorted());
});

test('the page lists every published message with its publishers', () => {
  const rows = [...page.matchAll(/^\| `(holdfast\.step\.v1\.\w+)` \| [^|]+ \| [^|]+ \| ([^|]+) \|/gm)];
  const listed = rows.map(
    ([, message, publishers]) =>
      `${message}: ${publishers!
        .split(',')
        .map((name) => name.trim())
        .toSorted()
        .join(', ')}`,
  );
  const messages = [...new Set(contracts.flatMap((contract) => contract.publishes))];
  const published = messages.map(
    (message) =>
      `${message}: ${contracts
        .filter((contract) => contract.publishes.includes(message))
        .map(({ service }) => service)
        .toSorted()
        .join(', ')}`,
  );
  assert.deepEqual(listed.toSorted(), published.toSorted());
});

function methodsOfProtos(): readonly { service: string; method: string }[] {
  return globSync('protos/**/*.proto').flatMap((file) => {
    const text = readFileSync(file, 'utf8');
    const name = /^package ([\w.]+);/m.exec(text)![1]!;
    return [...text.matchAll(/^service (\w+) \{([\s\S]*?)^\}/gm)].flatMap(([, service, body]) =>
      [...body!.matchAll(/rpc (\w+)\(/g)].map(([, method]) => ({
        service: `${name}.${service}`,
        method: method!,
      })),
    );
  });
}

function serversOf(service: string, method: string): readonly string[] {
  const key = method.charAt(0).toLowerCase() + method.slice(1);
  return contracts
    .filter((contract) => contract.serves[service]?.[key] !== undefined)
    .map((contract) => contract.service);
}
