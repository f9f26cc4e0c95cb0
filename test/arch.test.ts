import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { test } from 'node:test';

/** Who may import what. Each rule: the files it speaks of, what they must never import, and why. */
interface Rule {
  readonly files: RegExp;
  readonly never: RegExp;
  readonly except?: RegExp;
  readonly because: string;
}

const RULES: readonly Rule[] = [
  {
    files: /^libs\/kernel\//,
    never: /^(node:(?!crypto)|libs\/(?!kernel)|services\/|deploy\/|test\/)/,
    because: 'the kernel is pure',
  },
  {
    files: /^services\/[^/]+\/domain\//,
    never:
      /^(node:(?!crypto)|services\/[^/]+\/adapters\/|nats$|pg$|minio$|pino$|@grpc|@opentelemetry|execa$)/,
    because: 'decisions do no I/O',
  },
  {
    files: /^services\/[^/]+\/(handlers|rpc|sagas)\//,
    never: /^(node:fs|services\/[^/]+\/adapters\/|nats$|pg$|minio$|pino$|@grpc|@opentelemetry|execa$)/,
    because: 'effects belong to adapters',
  },
  {
    files: /^services\/[^/]+\/adapters\//,
    never: /^services\/[^/]+\/(handlers|rpc|sagas)\//,
    because: 'adapters do not know who calls them',
  },
  { files: /^libs\//, never: /^services\//, because: 'libraries do not know the services' },
  { files: /^(libs|services)\//, never: /^test\//, because: 'the product does not know its tests' },
  { files: /^/, never: /^nats$/, except: /^libs\/bus\//, because: 'the bus wraps nats' },
  {
    files: /^/,
    never: /^(pg|pg-copy-streams)$/,
    except: /^libs\/postgres\//,
    because: 'libs/postgres wraps pg',
  },
  {
    files: /^/,
    never: /^minio$/,
    except: /^(libs\/store|deploy\/local)\//,
    because: 'the store wraps minio',
  },
  {
    files: /^/,
    never: /^(@grpc\/|grpc-)/,
    except: /^libs\/(rpc|contracts)\//,
    because: 'rpc and contracts wrap gRPC',
  },
  {
    files: /^/,
    never: /^(@opentelemetry\/sdk|pino)/,
    except: /^libs\/telemetry\//,
    because: 'telemetry wraps its SDKs',
  },
];

/** Looked at twice, and kept; a new entry needs a reason here. */
const LONG_FILES = new Map<string, string>([
  ['libs/bus/conformance.ts', 'one suite: every promise of the bus'],
  ['libs/kernel/catalogue.ts', 'one list: every code with its remedy'],
]);
const LINES_MAX = 250;

const sources = globSync('{libs,services,deploy,test}/**/*.ts', { exclude: ['**/node_modules/**'] }).filter(
  (file) => !file.startsWith('libs/contracts/gen/'),
);
const product = sources.filter((file) => !file.endsWith('.test.ts') && !file.startsWith('test/'));

test('the architecture test reads the tree', () => {
  assert.ok(product.length > 100, `only ${product.length} source files were read`);
  assert.ok(importsOf('libs/saga/drive.ts').includes('libs/saga/decide.ts'), 'imports are not recognised');
});

for (const rule of RULES) {
  test(`imports: ${rule.because} (${rule.files.source} never ${rule.never.source})`, () => {
    const breaches = product
      .filter((file) => rule.files.test(file) && rule.except?.test(file) !== true)
      .flatMap((file) =>
        importsOf(file)
          .filter((target) => rule.never.test(target))
          .map((target) => `${file} imports ${target}`),
      );
    assert.deepEqual(breaches, []);
  });
}

test('a service never imports another service', () => {
  const breaches = product.flatMap((file) => {
    const own = /^services\/([^/]+)\//.exec(file)?.[1];
    if (own === undefined || own === 'operator') return [];
    return importsOf(file)
      .filter((target) => target.startsWith('services/') && !target.startsWith(`services/${own}/`))
      .map((target) => `${file} imports ${target}`);
  });
  assert.deepEqual(breaches, []);
});

test('the operator composes services by their contract and service files alone', () => {
  const breaches = product
    .filter((file) => file.startsWith('services/operator/'))
    .flatMap((file) =>
      importsOf(file)
        .filter(
          (target) => /^services\/(?!operator\/)/.test(target) && !/\/(service|contract)\.ts$/.test(target),
        )
        .map((target) => `${file} imports ${target}`),
    );
  assert.deepEqual(breaches, []);
});

test('libraries have no cycles between them', () => {
  const edges = new Map<string, Set<string>>();
  for (const file of product.filter((name) => name.startsWith('libs/'))) {
    const from = file.split('/')[1]!;
    // Types alone bind nothing at run time.
    for (const target of importsOf(file, { values: true })) {
      const to = target.startsWith('libs/') ? target.split('/')[1]! : from;
      if (to !== from) edges.set(from, (edges.get(from) ?? new Set()).add(to));
    }
  }
  assert.deepEqual(
    [...edges.keys()].filter((lib) => reaches(edges, lib, lib)),
    [],
  );
});

test('every service has the one skeleton', () => {
  const services = ['db-snapshot', 'file-snapshot', 'config-vault', 'restore-coordinator', 'verifier'];
  const parts = ['README.md', 'contract.ts', 'service.ts', 'ports.ts'];
  const missing = services
    .flatMap((service) => parts.map((part) => `services/${service}/${part}`))
    .filter((file) => globSync(file).length === 0);
  assert.deepEqual(missing, []);
});

test('files stay small', () => {
  const long = product.filter(
    (file) => readFileSync(file, 'utf8').split('\n').length > LINES_MAX && !LONG_FILES.has(file),
  );
  assert.deepEqual(long, []);
});

test('domain and kernel read no clock and roll no dice', () => {
  const breaches = product
    .filter(
      (file) => /^(libs\/kernel|services\/[^/]+\/domain)\//.test(file) && file !== 'libs/kernel/clock.ts',
    )
    .filter((file) => /\bDate\.now\(|\bMath\.random\(|new Date\(\)/.test(readFileSync(file, 'utf8')));
  assert.deepEqual(breaches, []);
});

function importsOf(file: string, options: { values?: boolean } = {}): readonly string[] {
  const text = readFileSync(file, 'utf8');
  const pattern =
    /(?:^|\n)\s*(?:import|export)\s+(type\s+)?(?:[^'";]*?\sfrom\s+)?'([^']+)'|import\('([^']+)'\)/g;
  return [...text.matchAll(pattern)]
    .filter((match) => options.values !== true || match[1] === undefined)
    .map((match) => resolveTarget(file, match[2] ?? match[3]!));
}

function resolveTarget(file: string, target: string): string {
  if (target.startsWith('#')) return target.slice(1);
  return target.startsWith('.') ? normalize(join(dirname(file), target)) : target;
}

function reaches(
  edges: ReadonlyMap<string, ReadonlySet<string>>,
  from: string,
  goal: string,
  seen = new Set<string>(),
): boolean {
  for (const next of edges.get(from) ?? []) {
    if (next === goal) return true;
    if (!seen.has(next) && reaches(edges, next, goal, seen.add(next))) return true;
  }
  return false;
}
