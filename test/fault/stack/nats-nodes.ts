import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { chooseFreePorts } from '#deploy/local/free-ports.ts';
import type { Home } from '#deploy/local/home.ts';
import { renderNatsConfig } from '#deploy/local/nats-server.ts';
import { isNatsHealthy } from '#deploy/local/probes.ts';
import type { ProcessPlan } from '#deploy/local/processes.ts';
import { findTool } from '#deploy/local/tools.ts';
import { replicaName } from './replica-name.ts';

/** One nats-server as `up` runs it, or a cluster of three with routes on loopback. */
export async function planNatsNodes({ home, nodes }: { home: Home; nodes: 1 | 3 }) {
  const { path } = await findTool('nats-server');
  const token = (await readFile(home.natsTokenFile, 'utf8')).trim();
  const ports = await chooseFreePorts(Array.from({ length: nodes * 2 }, () => undefined));
  const clients = ports.slice(0, nodes);
  const routes = ports.slice(nodes);
  const streamsOf = (name: string) => join(home.folder, 'nats', name);
  const plans: ProcessPlan[] = [];
  for (const [at, port] of clients.entries()) {
    const name = replicaName('nats-server', at);
    const single = renderNatsConfig({ port, token, storeFolder: streamsOf(name) });
    const configFile = join(home.folder, `${name}.conf`);
    const text =
      nodes === 1
        ? single
        : `${single.replace('server_name: holdfast', `server_name: ${name.replace('.', '-')}`)}${clusterText(routes, at)}`;
    await writeFile(configFile, text, { mode: 0o600 });
    plans.push({
      name,
      command: [path, '-c', configFile],
      env: process.env,
      cwd: home.folder,
      logFile: join(home.logFolder, `${name}.log`),
      port,
      isHealthy: (signal) => isNatsHealthy(port, signal),
    });
  }
  return { plans, ports: clients, token, streamsOf };
}

/** Clients are told of no other node: they come through their cable, as through a balancer. */
function clusterText(routes: readonly number[], own: number): string {
  const others = routes.filter((_, at) => at !== own).map((port) => `nats://127.0.0.1:${port}`);
  return `cluster {
  name: holdfast
  listen: "127.0.0.1:${routes[own]}"
  routes: [${others.map((each) => JSON.stringify(each)).join(', ')}]
  no_advertise: true
}
`;
}
