import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { startObjectServer } from '#deploy/local/standalone-server.ts';
import { Secret } from '#libs/kernel/secret.ts';
import { createRepository } from '#libs/repository/open.ts';
import { openStore } from '#libs/store/open-store.ts';
import { against, type Case } from '../report.ts';
import { measured } from './measured.ts';
import { childWords, OURS } from './peers.ts';

/** As fast as the same bytes arrive as objects of 16 MiB, four on their way at once: at most so many times as long. */
const WALL_RATIO = 1.25;

/** A stream into a repository on MinIO, against the same stream as plain puts; a fresh server for each. */
export async function benchOnMinio(options: {
  readonly folder: string;
  readonly input: string;
  readonly runs: number;
  readonly onNote: (note: string) => void;
}): Promise<Case> {
  const { input, runs, onNote } = options;
  const walls = { ours: [] as number[], peer: [] as number[] };
  for (let run = 1; run <= runs; run += 1)
    for (const verb of ['write', 'puts'] as const) {
      const folder = join(options.folder, verb);
      await mkdir(folder);
      {
        await using server = await startObjectServer({
          kind: 'minio',
          folder: join(folder, 'minio'),
          onNote,
        });
        const { accessKey, secretKey } = server.credentials;
        const store = openStore(server.storeUrl, { accessKey, secretKey: new Secret(secretKey) });
        const { identity } = await createRepository({ store });
        await writeFile(join(folder, 'identity'), identity.reveal());
        const environment = { ...OURS, ACCESS: accessKey, SECRET: secretKey };
        const { wallMs } = await measured(childWords(verb, server.storeUrl, folder), {
          folder,
          input,
          environment,
        });
        onNote(`${run}/${runs} MinIO, ${verb}: ${wallMs} ms`);
        walls[verb === 'write' ? 'ours' : 'peer'].push(wallMs);
      }
      await rm(folder, { recursive: true, force: true });
    }
  return against('on MinIO, against plain puts', walls, 'ms', WALL_RATIO);
}
