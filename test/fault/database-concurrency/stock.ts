import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';
import type { Secret } from '#libs/kernel/secret.ts';
import { splitPassword, withDatabase } from '#libs/postgres/address.ts';
import { lastSaid, type Backup, type StandingMoment, type Taken } from './backup.ts';
import { throughGate, type Gate, type Place } from './gate.ts';
import { onServer, type LiveDatabase } from './live-database.ts';

/** pg_dump and pg_restore as they come. */
export function stock(parts: {
  readonly server: Secret;
  readonly gate: Gate;
  readonly live: LiveDatabase;
  readonly pgBin: string;
  readonly folder: string;
}): Backup {
  const { server, gate, live, pgBin, folder } = parts;
  const file = join(folder, `${live.name}.dump`);
  const run = async (program: string, url: Secret, words: readonly string[]) => {
    const { address, password } = splitPassword(url);
    return await execa(join(pgBin, program), [...words, `--dbname=${address}`], {
      env: { PGPASSWORD: password },
      reject: false,
    });
  };
  const sequencesMs = lastSaid(gate, { from: 'client', text: /last_value/ });
  return {
    standAt: (moment, application) => gate.standAt(placeOf(moment, application)),
    async take(): Promise<Taken> {
      const dump = await run('pg_dump', throughGate(live.url, gate), ['-Fc', '-Z0', `--file=${file}`]);
      if (dump.failed) return { refused: `exit code ${dump.exitCode}`, said: dump.stderr, tries: 1 };
      return {
        sequencesMs: sequencesMs(),
        async restore() {
          const restored = `${live.name}_restored`;
          await onServer(server, `CREATE DATABASE ${restored} TEMPLATE template0`);
          const target = withDatabase(server, restored);
          // Whatever it says: what is there is what counts.
          await run('pg_restore', target, [file]);
          await rm(file);
          return {
            url: target,
            [Symbol.asyncDispose]: () => onServer(server, `DROP DATABASE ${restored} WITH (FORCE)`),
          };
        },
      };
    },
  };
}

function placeOf(moment: StandingMoment, application: string): Place {
  switch (moment) {
    case 'before the locks':
      return { from: 'client', text: /LOCK TABLE/ };
    case 'right after the mark':
      // It goes on reading the catalogue when it has its locks; nothing else asks for these.
      return { from: 'client', text: /pg_ts_parser/ };
    case 'amid the rows':
      return { from: 'server', text: new RegExp(`${application}-row-`) };
    case 'near the end':
      return { from: 'server', text: /the last row/ };
    default:
      return moment satisfies never;
  }
}
