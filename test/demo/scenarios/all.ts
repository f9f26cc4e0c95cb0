import type { Play } from '../theatre.ts';
import { beside } from './beside.ts';
import { corruption } from './corruption.ts';
import { files } from './files.ts';
import { KILLS, kills } from './kills.ts';
import { migration } from './migration.ts';
import { HARMS, sabotage } from './sabotage.ts';

/** By the name that `npm run demo -- --scenario` takes. */
export const SCENARIOS = { corruption, migration, files, beside } as const satisfies Record<string, Play>;

/** Total loss is the demo itself. */
export type ScenarioName = 'loss' | keyof typeof SCENARIOS;
export const SCENARIO_NAMES = ['loss', ...Object.keys(SCENARIOS)] as readonly ScenarioName[];

/** By the name that `npm run demo -- --sabotage` takes. */
export const SABOTAGES = { ...playsOf(KILLS, kills), ...playsOf(HARMS, sabotage) };
export const SABOTAGE_NAMES = Object.keys(SABOTAGES) as readonly (keyof typeof SABOTAGES)[];

function playsOf<Name extends string>(
  table: Readonly<Record<Name, unknown>>,
  play: (name: Name) => Play,
): Readonly<Record<Name, Play>> {
  const names = Object.keys(table) as Name[];
  return Object.fromEntries(names.map((name) => [name, play(name)])) as Record<Name, Play>;
}
