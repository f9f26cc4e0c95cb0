import { createServer, type Server } from 'node:net';

const HOST = '127.0.0.1';

/** Ports that nobody listens on, one per wish: the wished one where it is free, else any. No two are equal. */
export async function chooseFreePorts(wishes: readonly (number | undefined)[]): Promise<number[]> {
  const held: Server[] = [];
  try {
    const ports: number[] = [];
    for (const wish of wishes) {
      // All are held until the last is chosen, so that the system does not hand one out twice.
      const server = (wish === undefined ? undefined : await tryListen(wish)) ?? (await tryListen(0));
      if (server === undefined) throw new TypeError('the system gave no free port');
      held.push(server);
      ports.push(portOf(server));
    }
    return ports;
  } finally {
    await Promise.all(held.map((server) => new Promise((closed) => server.close(closed))));
  }
}

export async function chooseFreePort(wish?: number): Promise<number> {
  const [port = 0] = await chooseFreePorts([wish]);
  return port;
}

async function tryListen(port: number): Promise<Server | undefined> {
  const server = createServer();
  return await new Promise((resolve) => {
    server.once('error', () => {
      resolve(undefined);
    });
    server.listen({ port, host: HOST, exclusive: true }, () => {
      resolve(server);
    });
  });
}

function portOf(server: Server): number {
  const address = server.address();
  return typeof address === 'object' && address !== null ? address.port : 0;
}
