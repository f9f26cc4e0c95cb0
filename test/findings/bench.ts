import { execa } from 'execa';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { describeSystem, observe, type OracleState } from '#test/demo/judge.ts';
import { sql } from './on-world.ts';
import type { Scenario } from './scenario.ts';
import type { ProcessRecord, Seen } from './seen.ts';

/** Places where one thing is harmed and looked at again; each gives what the findings would then have seen. */
export interface Bench {
  readonly scenario: Scenario;
  /** One statement in a copy of the restored database; `commands` of the application are asked about the copy. */
  onDatabase(statement: string, commands?: readonly string[]): Promise<Seen>;
  /** The same, as what the second restore had left. */
  onDatabaseOver(statement: string): Promise<Seen>;
  /** One change in a copy of the application's folder. */
  onFiles(sections: string, change: (app: string) => Promise<unknown>): Promise<Seen>;
  /** One change of the living system, asked over HTTP, and put back. */
  onLive(change: () => Promise<unknown>, putBack: () => Promise<unknown>): Promise<Seen>;
  onRecord(change: Partial<ProcessRecord>): Seen;
}

export function benchOf(scenario: Scenario): Bench {
  const { world, seen } = scenario;
  const afterwards = (harmed: Partial<OracleState>): Seen => ({
    ...seen,
    after: { ...seen.after, ...harmed },
  });
  return {
    scenario,
    onDatabase: async (statement, commands = []) => {
      const harmed = await observeHarmedDatabase(scenario, statement, commands);
      return afterwards({ ...harmed, commands: { ...seen.after.commands, ...harmed.commands } });
    },
    onDatabaseOver: async (statement) => {
      const { database } = await observeHarmedDatabase(scenario, statement, []);
      return { ...seen, over: { ...seen.over, database } };
    },
    onFiles: async (sections, change) => afterwards(await observeHarmedFiles(scenario, sections, change)),
    onLive: async (change, putBack) => {
      try {
        await change();
        const { state } = await observe(world, {
          name: 'harmed',
          system: describeSystem(world),
          only: 'http',
        });
        return afterwards({ http: state.http! });
      } finally {
        await putBack();
      }
    },
    onRecord: (change) => ({ ...seen, process: { ...seen.process, ...change } }),
  };
}

async function observeHarmedDatabase(
  { world, proved }: Scenario,
  statement: string,
  commands: readonly string[],
): Promise<Pick<OracleState, 'database' | 'commands'>> {
  const database = 'harmed';
  await sql(world, `CREATE DATABASE "${database}" TEMPLATE "${proved.database}"`, 'postgres');
  try {
    await sql(world, statement, database);
    const only = commands.length === 0 ? 'database' : 'database,commands';
    const system = describeCopy(world, { database }, commands);
    const { state } = await observe(world, { name: 'harmed', system, only });
    return { database: state.database, commands: state.commands ?? {} };
  } finally {
    await sql(world, `DROP DATABASE "${database}" WITH (FORCE)`, 'postgres');
  }
}

async function observeHarmedFiles(
  { world, proved, sourceRecord }: Scenario,
  sections: string,
  change: (app: string) => Promise<unknown>,
): Promise<Partial<OracleState>> {
  const app = join(world.folder, 'harmed');
  await execa('cp', ['-a', proved.app, app]);
  try {
    await change(app);
    const system = describeCopy(world, { database: proved.database, app }, []);
    const { state } = await observe(world, { name: 'harmed', system, only: sections, since: sourceRecord });
    const asked = new Set(sections.split(','));
    return Object.fromEntries(Object.entries(state).filter(([section]) => asked.has(section)));
  } finally {
    await rm(app, { recursive: true, force: true });
  }
}

/** The process environment outranks the application's .env, so its commands ask the copy. */
function describeCopy(
  world: Scenario['world'],
  place: { database: string; app?: string },
  commands: readonly string[],
): object {
  const system = describeSystem(world, { ...place, http: false }) as {
    commands: Readonly<Record<string, object>>;
  };
  const wanted = commands.map((name) => [
    name,
    { ...system.commands[name], env: { DB_NAME: place.database } },
  ]);
  return { ...system, commands: Object.fromEntries(wanted) };
}
