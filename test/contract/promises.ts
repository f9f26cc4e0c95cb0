import { globSync, readFileSync, writeFileSync } from 'node:fs';
import { readRecord, type RunRecord } from './record.ts';

const NOT_RECORDED = 'not yet run by a recorded run';

/** `node test/contract/promises.ts` writes docs/promises.md; promises.test.ts compares it. */
if (import.meta.main) writePromisesPage();

interface NamedTest {
  readonly file: string;
  readonly name: string;
}

interface Promised {
  readonly heading: string;
  readonly findings: readonly string[];
  /** Tests of the whole promise, whether or not they name a finding. */
  readonly shownBy: readonly NamedTest[];
}

export function writePromisesPage(): void {
  writeFileSync('docs/promises.md', promisesPage(readRecord()));
}

/** Promises and their findings are ARCHITECTURE.md's; tests are those whose names or titles say the finding. */
export function promisesPage(record: RunRecord | undefined): string {
  const tests = namedTests();
  const sections = promises().flatMap(({ heading, findings, shownBy }) => [
    `## ${heading}`,
    '',
    '| finding | test | last result |',
    '|---|---|---|',
    ...findings.flatMap((id) => rowsOf(id, tests, record)),
    ...shownBy.map((each) => row('whole file', each, fileResult(each.file, record))),
    '',
  ]);
  return [
    '# Promises, findings, tests, results',
    '',
    'Made by `npm run gen` out of [ARCHITECTURE.md](../ARCHITECTURE.md#promises-and-where-they-are-kept), the names of tests and the last recorded run; do not edit. A finding that no test names may still be covered by the files named last for its promise.',
    '',
    aboutRecord(record),
    '',
    ...sections,
  ].join('\n');
}

/** Every finding that a test names. */
export function findingsOfTests(): ReadonlySet<string> {
  return new Set(namedTests().flatMap(({ name }) => idsIn(name)));
}

export function promises(): readonly Promised[] {
  const rows = readFileSync('ARCHITECTURE.md', 'utf8').matchAll(
    /^\| (P\d+) \| ([^|]+) \| ([^|]*)\|[^|]*\|([^|]*)\|/gm,
  );
  return [...rows].map(([, id, title, findings, tests]) => ({
    heading: `${id} ${title}`,
    findings: idsIn(findings!),
    shownBy: [...tests!.matchAll(/\[([^\]]+)\]\(([^)]+\.test\.ts)\)/g)].map(([, name, file]) => ({
      file: file!,
      name: name!,
    })),
  }));
}

/** What a recorded run must keep. */
export function shownTests(): { files: readonly string[]; tests: readonly NamedTest[] } {
  const files = promises().flatMap(({ shownBy }) => shownBy.map(({ file }) => file));
  return {
    files: [...new Set(files)].toSorted(),
    tests: namedTests().filter(({ name }) => idsIn(name).length > 0),
  };
}

function aboutRecord(record: RunRecord | undefined): string {
  if (record === undefined) return 'No run was recorded yet: `npm test -- --record` does it.';
  const { date, commit, machine } = record;
  return `Results are of the last recorded run of all tests (\`npm test -- --record\`): ${date}, commit ${commit}, on ${machine}.`;
}

function rowsOf(id: string, tests: readonly NamedTest[], record: RunRecord | undefined): readonly string[] {
  const own = tests.filter(({ name }) => idsIn(name).includes(id));
  if (own.length === 0) return [`| **${id}** | no test names it | |`];
  return own.map((each) => row(`**${id}**`, each, testResult(each, record)));
}

function row(finding: string, { file, name }: NamedTest, result: string): string {
  return `| ${finding} | [${name.replaceAll('|', '\\|')}](../${file}) | ${result} |`;
}

function testResult({ file, name }: NamedTest, record: RunRecord | undefined): string {
  const found = record?.tests.find((each) => each.file === file && each.name === name);
  return found?.result ?? NOT_RECORDED;
}

function fileResult(file: string, record: RunRecord | undefined): string {
  const counts = Object.entries(record?.files[file] ?? {}).filter(([, count]) => count > 0);
  return counts.length === 0 ? NOT_RECORDED : counts.map(([what, count]) => `${count} ${what}`).join(', ');
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
