import type { Play } from '../theatre.ts';
import { beside } from './beside.ts';
import { corruption } from './corruption.ts';
import { files } from './files.ts';
import { loss } from './loss.ts';
import { migration } from './migration.ts';

/** By the name that `npm run demo -- --scenario` takes. */
export const SCENARIOS = { loss, corruption, migration, files, beside } as const satisfies Record<
  string,
  Play
>;
export type ScenarioName = keyof typeof SCENARIOS;
