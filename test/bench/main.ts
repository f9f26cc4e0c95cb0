#!/usr/bin/env node
/* oxlint-disable no-console -- the entry point of a person's command */
import { parseArgs } from 'node:util';
import { bundle } from '#services/operator/cli/bundle.ts';
import { interruptible } from '#test/demo/interruptible.ts';
import { benchDatabase } from './database/bench.ts';
import { benchDatabaseSizes } from './database/sizes.ts';
import { benchDemo } from './demo.ts';
import { benchOrchestration } from './orchestration.ts';
import { benchRepository } from './repository/bench.ts';
import { passes, report, reportText, type Measurement } from './report.ts';

/**
 * npm run bench -- SUITE: ours and the peer's on this machine, in the same run. Absolute figures belong to the machine
 * and the hour; ratios are what may be quoted. Exit 1 when a case is above its target.
 */
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    json: { type: 'boolean', default: false },
    rows: { type: 'string', default: '1000000' },
    files: { type: 'string', default: '5000' },
    entries: { type: 'string', default: '1000000' },
    backups: { type: 'string', default: '10000' },
    /** Of the stream of `repository`, 2048; of each database of `database`, 1536. */
    mib: { type: 'string' },
    /** Of `database`, against loaddata. */
    documents: { type: 'string', default: '200000' },
    /** Five rounds of the demo, the repository and the database; forty runs of orchestration. */
    runs: { type: 'string' },
    /** Of `database-sizes`: some of its shapes, and a share of their whole size. */
    part: { type: 'string', multiple: true, default: [] },
    percent: { type: 'string', default: '100' },
    seed: { type: 'string', default: '1' },
  },
});
const [suite = 'demo'] = positionals;

await bundle();
await interruptible(
  (note) => console.error(note),
  async (onNote) => {
    const seed = wholeNumber('seed');
    const found = await measure(suite, seed, onNote);
    const result = report(suite, seed, found);
    console.log(values.json ? JSON.stringify(result) : reportText(result));
    process.exitCode = found.cases.every(passes) ? 0 : 1;
  },
);

async function measure(name: string, seed: number, onNote: (note: string) => void): Promise<Measurement> {
  switch (name) {
    case 'demo':
      return {
        cases: await benchDemo({
          rows: wholeNumber('rows'),
          files: wholeNumber('files'),
          runs: wholeNumber('runs', '5'),
          seed,
          onNote,
        }),
      };
    case 'orchestration':
      return {
        cases: await benchOrchestration({
          runs: wholeNumber('runs', '40'),
          entries: wholeNumber('entries'),
          backups: wholeNumber('backups'),
          onNote,
        }),
      };
    case 'repository':
      return {
        cases: await benchRepository({
          mib: wholeNumber('mib', '2048'),
          runs: wholeNumber('runs', '5'),
          seed,
          onNote,
        }),
      };
    case 'database':
      return await benchDatabase({
        mib: wholeNumber('mib', '1536'),
        documents: wholeNumber('documents'),
        runs: wholeNumber('runs', '5'),
        seed,
        onNote,
      });
    case 'database-sizes':
      return await benchDatabaseSizes({ parts: values.part, percent: wholeNumber('percent'), seed, onNote });
    default:
      throw new Error(`no suite ${name}: wanted demo, orchestration, repository, database or database-sizes`);
  }
}

function wholeNumber(
  name: 'rows' | 'files' | 'entries' | 'backups' | 'mib' | 'documents' | 'runs' | 'percent' | 'seed',
  fallback = '',
): number {
  const text = values[name] ?? fallback;
  if (!/^\d{1,9}$/.test(text)) throw new Error(`--${name} ${text}: wanted a whole number`);
  return Number(text);
}
