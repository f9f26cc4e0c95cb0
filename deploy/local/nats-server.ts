import { writeFile } from 'node:fs/promises';
import type { Environment } from './cache-folder.ts';
import type { ProcessPlan } from './processes.ts';
import { isNatsHealthy } from './probes.ts';

/** The same text as deploy/nats/nats.conf (a test compares): a bundle has no files beside it. */
export const NATS_TEMPLATE = `# nats-server of one host. The values between @ signs are filled in by "holdfast up".
server_name: holdfast
listen: "127.0.0.1:@PORT@"
authorization { token: @TOKEN@ }
jetstream {
  store_dir: @STORE_DIR@
  # A publish is confirmed when it is on the disk: 0.44 ms instead of 0.19 ms (2026-11).
  sync_interval: always
}
`;

/** Strings are quoted as JSON, which the configuration language reads. */
export function renderNatsConfig(values: { port: number; token: string; storeFolder: string }): string {
  return NATS_TEMPLATE.replace('@PORT@', () => String(values.port))
    .replace('@TOKEN@', () => JSON.stringify(values.token))
    .replace('@STORE_DIR@', () => JSON.stringify(values.storeFolder));
}

/** Writes the configuration (0600, it holds the token) and plans the process. */
export async function planNatsServer(options: {
  program: string;
  folder: string;
  storeFolder: string;
  configFile: string;
  logFile: string;
  port: number;
  token: string;
  env: Environment;
}): Promise<ProcessPlan> {
  const { program, folder, configFile, logFile, port, env } = options;
  await writeFile(configFile, renderNatsConfig(options), { mode: 0o600 });
  return {
    name: 'nats-server',
    command: [program, '-c', configFile],
    env,
    cwd: folder,
    logFile,
    port,
    isHealthy: (signal) => isNatsHealthy(port, signal),
  };
}
