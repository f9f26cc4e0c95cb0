#!/usr/bin/env node
/* oxlint-disable no-console -- the entry point of a person's command */
import { parseArgs } from 'node:util';
import { replaceTime } from './world/virtual-time.ts';

const { values } = parseArgs({
  allowPositionals: true,
  options: {
    json: { type: 'boolean', default: false },
    seeds: { type: 'string', default: '100' },
    seed: { type: 'string', default: '1' },
  },
});
const startedAt = performance.now();
const now = performance.now.bind(performance);
const { runSeed } = await import('./run-seed.ts');
replaceTime();
let events = 0;
const totals: Record<string, number> = {};
let bad = 0;
const first = Number(values.seed);
for (let seed = first; seed < first + Number(values.seeds); seed += 1) {
  const result = await runSeed(seed);
  events += result.events;
  for (const [key, count] of Object.entries(result.counts)) totals[key] = (totals[key] ?? 0) + count;
  if (result.violations.length + result.stuck.length > 0 || values.seeds === '1') {
    bad += 1;
    if (bad <= 1) console.log(result.history.join('\n'));
    console.log(seed, result.violations, result.stuck, result.events, result.virtualMs);
  }
}
console.log({ bad, events, totals, ms: now() - startedAt });
