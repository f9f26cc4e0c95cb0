import { globSync, readFileSync, writeFileSync } from 'node:fs';

/** `node test/contract/promises.ts` writes docs/promises.md; promises.test.ts compares it. */
if (import.meta.main) writeFileSync('docs/promises.md', promisesPage());

type NamedTest = { readonly file: string; readonly name: string };

/** Promises and their findings are ARCHITECTURE.md's; tests are those whose names or titles say the finding. */
export function promisesPage(): string {
  const tests = namedTests();
  const sections = promises().flatMap(({ heading, findings }) => [
    `## ${heading}`,
    '',
    ...findings.flatMap((id) => linesOf(id, tests)),
    ...(findings.length === 0 ? ['No finding of the analysis; its tests are in ARCHITECTURE.md.'] : []),
    '',
  ]);
  return [
    '# Promises, findings, tests',
    '',
    'Made by `npm run gen` out of [ARCHITECTURE.md](../ARCHITECTURE.md#promises-and-where-they-are-kept) and the names of tests; do not edit. A finding that no test names may still be covered by the tests that ARCHITECTURE.md names for its promise.',
    '',
    ...sections,
  ].join('\n');
}

/** Every finding that a test names. */
export function findingsOfTests(): ReadonlySet<string> {
  return new Set(namedTests().flatMap(({ name }) => idsIn(name)));
}

export function promises(): readonly { heading: string; findings: readonly string[] }[] {
  const rows = readFileSync('ARCHITECTURE.md', 'utf8').matchAll(/^\| (P\d+) \| ([^|]+) \| ([^|]*)\|/gm);
  return [...rows].map(([, id, title, cell]) => ({ heading: `${id} ${title}`, findings: idsIn(cell!) }));
}

function linesOf(id: string, tests: readonly NamedTest[]): readonly string[] {
  const own = tests.filter(({ name }) => idsIn(name).includes(id));
  if (own.length === 0) return [`- **${id}**: no test names it`];
  return own.map(({ file, name }) => `- **${id}**: [${name}](../${file})`);
}

function namedTests(): readonly NamedTest[] {
  const files = globSync('{libs,services,deploy,test}/**/*.test.ts').toSorted();
  const titled = [
    ...readFileSync('test/findings/findings.ts', 'utf8').matchAll(/id: '(\w+)',\s+title: '([^']+)'/g),
  ];
  return [
    ...titled.map(([, id, title]) => ({ file: 'test/e2e/findings.test.ts', name: `${id}: ${title}` })),
    ...files.flatMap((file) =>
      [...readFileSync(file, 'utf8').matchAll(/\btest\(\s*'([^']+)'/g)].map(([, name = '']) => ({
        file,
        name,
      })),
    ),
  ];
}

function idsIn(text: string): readonly string[] {
  return text.match(/\b[FH]\d+\b/g) ?? [];
}
