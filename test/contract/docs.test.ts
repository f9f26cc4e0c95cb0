import assert from 'node:assert/strict';
import { existsSync, globSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { z } from 'zod';
import { TOOLS } from '#deploy/local/tool-catalogue.ts';
import { specSchema } from '#libs/contracts/spec.ts';
import { EXIT, isErrorCode } from '#libs/kernel/catalogue.ts';
import { commands } from '#services/operator/cli/commands/all.ts';

const pages = globSync('**/*.md', { exclude: ['**/node_modules/**', '**/.venv/**', '**/.holdfast/**'] });
const read = (file: string): string => readFileSync(file, 'utf8');

test('every relative link of a page leads to a file, and to a heading where it names one', () => {
  const links = pages.flatMap((page) =>
    [...withoutCode(read(page)).matchAll(/\]\(([^)\s]+)\)/g)].map(([, target]) => ({
      page,
      target: target!,
    })),
  );
  assert.ok(links.length > 50, `only ${links.length} links were read`);
  const broken = links.filter(({ page, target }) => !/^[a-z]+:/.test(target) && !leads(page, target));
  assert.deepEqual(broken, []);
});

test('docs/spec.md lists every key of the spec, and no other', () => {
  const keys = keysOf(z.toJSONSchema(specSchema, { io: 'input' }));
  const page = read('docs/spec.md');
  const spoken = new Set(codeSpans(page).flatMap((span) => span.match(/\w+/g) ?? []));
  const listed = firstCells(page).map((name) => name.split('.').at(-1)!);
  assert.ok(keys.size > 30, `only ${keys.size} keys were read`);
  assert.deepEqual(
    [...keys].filter((key) => !spoken.has(key)),
    [],
  );
  assert.deepEqual(
    listed.filter((name) => !keys.has(name)),
    [],
  );
});

test('docs/configuration.md lists every variable that a service or the tool finder reads', () => {
  const page = read('docs/configuration.md');
  const quoted = [...read('libs/runtime/config.ts').matchAll(/'((?:HOLDFAST|OTEL)_[A-Z_]+)'/g)];
  const variables = [
    ...quoted.map(([, name]) => name!),
    ...Object.values(TOOLS).map(({ override }) => override),
  ];
  assert.ok(variables.length > 15, `only ${variables.length} variables were read`);
  assert.deepEqual(
    variables.filter((name) => !page.includes(`\`${name}\``)),
    [],
  );
});

test('README has every command and every exit code of the CLI', () => {
  const rows = read('README.md')
    .split('\n')
    .filter((line) => line.startsWith('| '));
  const rowOf = (name: string) =>
    rows.find((row) => new RegExp(`\\\`${name}[\\s\`]`).test(row.split(' | ')[0]!)) ?? '';
  const wanted = commands.flatMap((command) => {
    if (!('act' in command)) return command.commands.map(({ name }) => ({ name: command.name, part: name }));
    return command.hidden === true ? [] : [{ name: command.name, part: command.name }];
  });
  assert.ok(wanted.length > 15, `only ${wanted.length} commands were read`);
  assert.deepEqual(
    wanted.filter(({ name, part }) => !rowOf(name).includes(part)),
    [],
  );
  assert.deepEqual(
    Object.values(EXIT).filter((code) => !rows.some((row) => row.startsWith(`| ${code} |`))),
    [],
  );
});

test('the codes that a service page explains are codes', () => {
  const codes = globSync('{services/*,deploy/local}/README.md').flatMap((page) =>
    (read(page).split('## What breaks')[1] ?? '')
      .split('\n')
      .filter((line) => line.startsWith('| '))
      .flatMap((line) => line.split('|')[1]!.match(/\b[A-Z]+(?:_[A-Z]+)+\b/g) ?? [])
      .map((code) => ({ page, code })),
  );
  assert.ok(codes.length > 20, `only ${codes.length} codes were read`);
  assert.deepEqual(
    codes.filter(({ code }) => !isErrorCode(code)),
    [],
  );
});

function leads(page: string, target: string): boolean {
  const [path, heading] = target.split('#') as [string, string?];
  const file = path === '' ? page : join(dirname(page), path);
  if (!existsSync(file)) return false;
  return heading === undefined || headingsOf(file).includes(heading);
}

/** As web views of Markdown name them. */
function headingsOf(file: string): readonly string[] {
  return [...withoutCode(read(file)).matchAll(/^#+ (.+)$/gm)].map(([, text]) =>
    text!
      .toLowerCase()
      .replaceAll(/[^\w\s-]/g, '')
      .replaceAll(' ', '-'),
  );
}

function withoutCode(text: string): string {
  return text.replaceAll(/^```[\s\S]*?^```/gm, '');
}

function codeSpans(text: string): readonly string[] {
  return [...withoutCode(text).matchAll(/`([^`\n]+)`/g)].map(([, span]) => span!);
}

/** Names in the first column of every table. */
function firstCells(text: string): readonly string[] {
  return text
    .split('\n')
    .filter((line) => line.startsWith('| `'))
    .flatMap((line) => codeSpans(line.split(' | ')[0]!));
}

/** Names of all properties, at any depth. */
function keysOf(schema: unknown): ReadonlySet<string> {
  if (typeof schema !== 'object' || schema === null) return new Set();
  const own = Object.keys((schema as { properties?: object }).properties ?? {});
  return new Set([...own, ...Object.values(schema).flatMap((part) => [...keysOf(part)])]);
}
