import type { Play } from '../theatre.ts';
import { beside } from './beside.ts';
import { corruption } from './corruption.ts';
import { files } from './files.ts';
import { migration } from './migration.ts';

/** By the name that `npm run demo -- --scenario` takes. */
export const SCENARIOS = { corruption, migration, files, beside } as const satisfies Record<string, Play>;

/** Total loss is the demo itself. */
export type ScenarioName = 'loss' | keyof typeof SCENARIOS;
export const SCENARIO_NAMES = ['loss', ...Object.keys(SCENARIOS)] as readonly ScenarioName[];
