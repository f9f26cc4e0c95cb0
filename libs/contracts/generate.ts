import { cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { execa } from 'execa';

/**
 * Makes gen/ from the protos: types for the compiler, and the descriptors that are loaded and reflected at run time,
 * so that no .proto file is needed there. `--check` writes nothing and fails when gen/ is stale.
 */
const here = dirname(fileURLToPath(import.meta.url));
const root = join(here, '..', '..');
const genFolder = join(here, 'gen');

/** Protos of the field that packages carry as files: served by us from the descriptors, like our own. */
const FOREIGN = [
  { from: 'node_modules/grpc-health-check/proto/health/v1/health.proto', to: 'grpc/health/v1/health.proto' },
  {
    from: 'node_modules/@grpc/reflection/build/proto/grpc/reflection/v1/reflection.proto',
    to: 'grpc/reflection/v1/reflection.proto',
  },
  {
    from: 'node_modules/@grpc/reflection/build/proto/grpc/reflection/v1alpha/reflection.proto',
    to: 'grpc/reflection/v1alpha/reflection.proto',
  },
];

const { values } = parseArgs({ options: { check: { type: 'boolean', default: false } } });
const fresh = await generate();
const stale = staleFiles(fresh, await readTree(genFolder));
if (values.check) {
  if (stale.length > 0) {
    process.stderr.write(`libs/contracts/gen is stale, run npm run gen: ${stale.join(' ')}\n`);
    process.exitCode = 1;
  }
} else {
  await replaceTree(genFolder, fresh);
  process.stdout.write(`${fresh.size} files, ${stale.length} changed\n`);
}

async function generate(): Promise<Map<string, string>> {
  const work = await mkdtemp(join(tmpdir(), 'holdfast-gen-'));
  try {
    const protos = join(work, 'protos');
    await collectProtos(protos);
    const types = join(work, 'types');
    await writeTypes(protos, types);
    const files = messagesOnly(await readTree(types));
    files.set('descriptor-set.ts', await descriptorModule(protos, work));
    return files;
  } finally {
    await rm(work, { recursive: true });
  }
}

async function collectProtos(target: string): Promise<void> {
  await cp(join(root, 'protos'), target, { recursive: true });
  await cp(join(here, 'wire'), target, { recursive: true });
  for (const { from, to } of FOREIGN) {
    await mkdir(dirname(join(target, to)), { recursive: true });
    await cp(join(root, from), join(target, to));
  }
}

async function writeTypes(protos: string, types: string): Promise<void> {
  const ours = (await listFiles(protos)).filter(
    (path) => path.startsWith('holdfast/') && path.endsWith('.proto'),
  );
  const style = [
    '--importFileExtension=.ts',
    '--longs=String',
    '--enums=String',
    '--defaults',
    '--oneofs',
    '--grpcLib=@grpc/grpc-js',
  ];
  // Files before -I: it takes everything that follows it.
  await tool('proto-loader-gen-types', [...ours, ...style, `--outDir=${types}`, '-I', '.'], protos);
}

/** Services are bound by their descriptors; types of their clients and handlers would only tie users to the SDK. */
function messagesOnly(files: ReadonlyMap<string, string>): Map<string, string> {
  return new Map([...files].filter(([name, text]) => name.includes('/') && !text.includes('@grpc/grpc-js')));
}

async function descriptorModule(protos: string, work: string): Promise<string> {
  const binary = join(work, 'set.binpb');
  const json = join(work, 'set.json');
  for (const output of [binary, json])
    await tool('buf', ['build', '--exclude-source-info', '-o', output], protos);
  const named = camelCased(JSON.parse(await readFile(json, 'utf8')));
  return [
    '// Made by libs/contracts/generate.ts from the protos. Do not edit.',
    '',
    '/** FileDescriptorSet, base64: what reflection serves. */',
    `export const descriptorSet =\n${wrapped((await readFile(binary)).toString('base64'))};`,
    '',
    '/** The same set as JSON with camelCase field names: what messages are encoded and decoded with. */',
    `export const messageSet =\n${wrapped(JSON.stringify(named))};`,
    '',
  ].join('\n');
}

/** A loader of descriptors takes field names as they are; the JSON names are the ones we speak. */
function camelCased(node: unknown): unknown {
  if (Array.isArray(node)) return node.map(camelCased);
  if (node === null || typeof node !== 'object') return node;
  const { jsonName, ...rest } = Object.fromEntries(
    Object.entries(node).map(([key, value]) => [key, camelCased(value)]),
  );
  return jsonName === undefined ? rest : { ...rest, name: jsonName };
}

function wrapped(text: string): string {
  const lines = text.match(/.{1,4000}/gs) ?? [''];
  return lines.map((line) => `  ${JSON.stringify(line)}`).join(' +\n');
}

async function tool(name: string, args: readonly string[], cwd: string): Promise<void> {
  await execa(name, args, { cwd, preferLocal: true, localDir: root });
}

function staleFiles(fresh: ReadonlyMap<string, string>, found: ReadonlyMap<string, string>): string[] {
  const names = new Set([...fresh.keys(), ...found.keys()]);
  return [...names].filter((name) => fresh.get(name) !== found.get(name)).toSorted();
}

async function replaceTree(folder: string, files: ReadonlyMap<string, string>): Promise<void> {
  await rm(folder, { recursive: true, force: true });
  for (const [name, text] of files) {
    await mkdir(dirname(join(folder, name)), { recursive: true });
    await writeFile(join(folder, name), text);
  }
}

async function readTree(folder: string): Promise<Map<string, string>> {
  const names = await listFiles(folder);
  return new Map(
    await Promise.all(names.map(async (name) => [name, await readFile(join(folder, name), 'utf8')] as const)),
  );
}

async function listFiles(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => []);
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)))
    .toSorted();
}
