#!/usr/bin/env node
/* oxlint-disable no-console -- the entry point of a person's command */
import { parseArgs } from 'node:util';
import { bundle } from '#services/operator/cli/bundle.ts';
import { interruptible } from '#test/demo/interruptible.ts';
import { benchDemo } from './demo.ts';
import { passes, report, reportText } from './report.ts';

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
    runs: { type: 'string', default: '5' },
    seed: { type: 'string', default: '1' },
  },
});
const [suite = 'demo'] = positionals;
if (suite !== 'demo') throw new Error(`no suite ${suite}: wanted demo`);

await bundle();
await interruptible(
  (note) => console.error(note),
  async (onNote) => {
    const seed = wholeNumber('seed');
    const cases = await benchDemo({
      rows: wholeNumber('rows'),
      files: wholeNumber('files'),
      runs: wholeNumber('runs'),
      seed,
      onNote,
    });
    const result = report(suite, seed, cases);
    console.log(values.json ? JSON.stringify(result) : reportText(result));
    process.exitCode = cases.every(passes) ? 0 : 1;
  },
);

function wholeNumber(name: 'rows' | 'files' | 'runs' | 'seed'): number {
  if (!/^\d{1,9}$/.test(values[name])) throw new Error(`--${name} ${values[name]}: wanted a whole number`);
  return Number(values[name]);
}
