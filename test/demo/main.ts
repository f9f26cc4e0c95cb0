#!/usr/bin/env node
/* oxlint-disable no-console -- the entry point of a person's command */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { bundle } from '#services/operator/cli/bundle.ts';
import { demoText } from './demo-text.ts';
import { interruptible } from './interruptible.ts';
import { runDemo } from './run-demo.ts';
import { SABOTAGE_NAMES, SABOTAGES, SCENARIO_NAMES, SCENARIOS } from './scenarios/all.ts';

/**
 * npm run demo: a real EDMS is backed up, destroyed and brought back, and a program that shares no code with Holdfast
 * says whether anything is missing. Notes go to standard error; with --json the last line of standard output is the
 * result. Exit 0 when the oracle and every check agree that all is back, 1 when not.
 */
const { values } = parseArgs({
  options: {
    scheme: { type: 'string', default: 'holdfast' },
    sabotage: { type: 'string', default: '' },
    scenario: { type: 'string', default: 'loss' },
    store: { type: 'string', default: 'disk' },
    scale: { type: 'string', default: 'small' },
    rows: { type: 'string', default: '0' },
    files: { type: 'string', default: '0' },
    seed: { type: 'string', default: '1' },
    spiteful: { type: 'boolean', default: false },
    inline: { type: 'boolean', default: false },
    keep: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
  },
});

const startedMs = performance.now();
const print = (text: string) => {
  const seconds = ((performance.now() - startedMs) / 1000).toFixed(1).padStart(6);
  console.error(`${seconds} s  ${text}`);
};
await interruptible(print, async (note) => {
  // Not below a folder that only its owner may enter: PostgreSQL runs as another user when we are root.
  const folder = await mkdtemp(join(tmpdir(), 'holdfast-demo-'));
  try {
    await bundle();
    const result = await runDemo({
      scheme: oneOf('scheme', ['holdfast', 'legacy']),
      ...playOf(),
      store: oneOf('store', ['disk', 'minio']),
      scale: oneOf('scale', ['seed', 'small']),
      rows: wholeNumber('rows'),
      files: wholeNumber('files'),
      seed: wholeNumber('seed'),
      spiteful: values.spiteful,
      inline: values.inline,
      folder,
      onNote: note,
    });
    console.log(values.json ? JSON.stringify(result) : demoText(result));
    process.exitCode = result.ok ? 0 : 1;
  } finally {
    if (values.keep) print(`kept: ${folder}`);
    else await rm(folder, { recursive: true, force: true });
  }
});

/** Nothing for total loss, which is the demo itself. */
function playOf() {
  if (values.sabotage !== '') return { play: SABOTAGES[oneOf('sabotage', SABOTAGE_NAMES)] };
  const scenario = oneOf('scenario', SCENARIO_NAMES);
  return scenario === 'loss' ? {} : { scenario, play: SCENARIOS[scenario] };
}

function oneOf<const T extends string>(
  name: 'scheme' | 'scenario' | 'sabotage' | 'store' | 'scale',
  choices: readonly T[],
): T {
  const found = choices.find((choice) => choice === values[name]);
  if (found === undefined) throw new Error(`--${name} ${values[name]}: wanted one of ${choices.join(', ')}`);
  return found;
}

function wholeNumber(name: 'rows' | 'files' | 'seed'): number {
  if (!/^\d{1,9}$/.test(values[name])) throw new Error(`--${name} ${values[name]}: wanted a whole number`);
  return Number(values[name]);
}
