import { existsSync, readFileSync } from 'node:fs';
import { relative } from 'node:path';
import { z } from 'zod';

/** What the last recorded run of all tests (`npm test -- --record`) said of the tests on docs/promises.md. */
export const RECORD_FILE = 'docs/measured/findings.json';

const recordSchema = z.strictObject({
  date: z.string(),
  commit: z.string(),
  machine: z.string(),
  files: z.record(z.string(), z.strictObject({ ok: z.number(), failed: z.number(), skipped: z.number() })),
  tests: z.array(z.strictObject({ file: z.string(), name: z.string(), result: z.string() })),
});

export type RunRecord = z.infer<typeof recordSchema>;
export type RunAbout = Pick<RunRecord, 'date' | 'commit' | 'machine'>;

/** One line of test/contract/results-reporter.ts. */
export interface TestResult {
  readonly file: string;
  readonly name: string;
  readonly result: 'ok' | 'failed' | 'skipped';
}

export function readRecord(): RunRecord | undefined {
  return existsSync(RECORD_FILE)
    ? recordSchema.parse(JSON.parse(readFileSync(RECORD_FILE, 'utf8')))
    : undefined;
}

/** Of all results those that the page shows: files as counts, named tests one by one. */
export function recordOf(
  about: RunAbout,
  results: readonly TestResult[],
  shown: { readonly files: readonly string[]; readonly tests: readonly Omit<TestResult, 'result'>[] },
): RunRecord {
  const here = results.map((each) => ({ ...each, file: relative('.', each.file) }));
  const counts = (file: string) => {
    const own = here.filter((each) => each.file === file);
    const count = (result: TestResult['result']) => own.filter((each) => each.result === result).length;
    return { ok: count('ok'), failed: count('failed'), skipped: count('skipped') };
  };
  return {
    ...about,
    files: Object.fromEntries(shown.files.map((file) => [file, counts(file)])),
    tests: shown.tests.flatMap(({ file, name }) => {
      const own = here.filter((each) => each.file === file && each.name === name);
      // A name that ran twice is as good as the worse of the two.
      const result = (['failed', 'skipped', 'ok'] as const).find((one) =>
        own.some((each) => each.result === one),
      );
      return result === undefined ? [] : [{ file, name, result }];
    }),
  };
}
