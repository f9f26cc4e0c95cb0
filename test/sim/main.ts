#!/usr/bin/env node
/* oxlint-disable no-console -- the entry point of a person's command */
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { thisMachine } from '#test/machine.ts';
import { playPlanted } from './planted.ts';
import { playSeeds, type Played, type Suite } from './play-seeds.ts';
import { replaceThreads } from './cleaning/one-thread.ts';
import { replaceTime } from './world/virtual-time.ts';

/**
 * npm run sim -- system [--seeds N] [--seed FIRST] [--json]: so many worlds, each drawn by its seed. One alone tells its
 * history. npm run sim -- cleaning [--seeds N] [--seed FIRST] [--json]: so many buckets that are cleaned while they are
 * written to. npm run sim -- planted [NAME…] [--seeds N] [--json]: each planted bug must be found within so many.
 * npm run sim -- admission [--deployments N] [--seed S] [--json]: so many that ask at once, and one that asks very often.
 * Exit code 1 unless all went as it must.
 */
/** How many times the mean anybody may wait. */
const WAIT_RATIO_MAX = 3;
const FLOOD = 200;
const ROOT = join(import.meta.dirname, '..', '..');
const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: {
    json: { type: 'boolean', default: false },
    seeds: { type: 'string', default: '100' },
    seed: { type: 'string', default: '1' },
    deployments: { type: 'string', default: '1000' },
  },
});
const [suite = '', ...names] = positionals;
const [first, count] = [Number(values.seed), Number(values.seeds)];
const note = (text: string): void => console.error(text);
const SUITES: Readonly<Record<string, () => Promise<{ report: object; good: boolean; text: string }>>> = {
  system: () => playWorlds('system'),
  cleaning: () => playWorlds('cleaning'),
  planted: () => playPlanted({ names, first, seeds: count, root: ROOT, onNote: note }),
  admission: playFlood,
};
const chosen = SUITES[suite];
if (chosen === undefined)
  throw new Error(`no suite is called '${suite}', there is: ${Object.keys(SUITES).join(', ')}`);
const { report, good, text } = await chosen();
console.log(values.json ? JSON.stringify({ ...report, machine: thisMachine() }) : text);
process.exitCode = good ? 0 : 1;

async function playWorlds(suite: Suite) {
  const startedMs = performance.now();
  const bad: Played[] = [];
  const outcomes: Record<string, number> = {};
  let events = 0;
  const onPlayed = (played: Played): void => {
    events += played.events;
    for (const [outcome, times] of Object.entries(played.counts))
      outcomes[outcome] = (outcomes[outcome] ?? 0) + times;
    if (played.violations.length + played.stuck.length === 0) return;
    bad.push(played);
    note(`seed ${played.seed}: ${[...played.violations, ...played.stuck].join('; ')}`);
  };
  if (count === 1) onPlayed(await playOne(suite));
  else await playSeeds({ suite, first, count, root: ROOT, onPlayed });
  const violated = bad.filter(({ violations }) => violations.length > 0).length;
  const found = bad.map(({ seed, violations, stuck }) => ({ seed, violations, stuck }));
  const report = {
    suite,
    seed: first,
    seeds: count,
    [suite === 'cleaning' ? 'harmed' : 'violations']: violated,
    stuck: bad.filter(({ stuck }) => stuck.length > 0).length,
    found: found.toSorted((a, b) => a.seed - b.seed),
    outcomes,
    events,
    ms: Math.round(performance.now() - startedMs),
  };
  const text = `${count} worlds, ${violated} with violations, ${report.stuck} stuck; ${JSON.stringify(outcomes)}`;
  return { report, good: bad.length === 0, text };
}

async function playFlood() {
  replaceTime();
  const { playAdmission } = await import('./admission.ts');
  const report = await playAdmission({ seed: first, deployments: Number(values.deployments), flood: FLOOD });
  const { violations, stuck, ratio, queued, deployments } = report;
  const good = violations.length + stuck.length === 0 && ratio <= WAIT_RATIO_MAX && queued > 0;
  return { report, good, text: `${deployments} deployments: the longest wait is ${ratio} times the mean` };
}

/** In this process, with its history. */
async function playOne(suite: Suite): Promise<Played> {
  if (suite === 'system') replaceTime();
  else replaceThreads();
  const play =
    suite === 'system'
      ? (await import('./run-seed.ts')).runSeed
      : (await import('./cleaning/play.ts')).playCleaning;
  const { history, ...played } = await play(first);
  if (!values.json) console.log(history.join('\n'));
  return played;
}
