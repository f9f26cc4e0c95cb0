#!/usr/bin/env node
/* oxlint-disable no-console -- the entry point of a person's command */
import { parseArgs } from 'node:util';
import { mutants, type FaultReport } from './mutants.ts';

/**
 * npm run fault -- SUITE [PART…] [--json]: faults are put in on purpose, and each must be noticed. PART limits the run to
 * cases whose name contains it. Exit code 1 unless every case was.
 */
const SUITES: Readonly<Record<string, typeof mutants>> = { mutants };

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: { json: { type: 'boolean', default: false } },
});
const [name = '', ...parts] = positionals;
const suite = SUITES[name];
if (suite === undefined)
  throw new Error(`no suite is called '${name}', there is: ${Object.keys(SUITES).join()}`);
const report = await suite({ parts, onNote: (text) => console.error(text) });
console.log(values.json ? JSON.stringify(report) : textOf(report));
process.exitCode = report.killed === report.cases && report.cases > 0 ? 0 : 1;

function textOf({ cases, killed, survived }: FaultReport): string {
  const rows = survived.map(({ mutant, reason }) => `  ${mutant}: ${reason}`);
  return [`${killed} of ${cases} killed`, ...rows].join('\n');
}
