import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';

const HOST = '127.0.0.1';

/** A cable between clients and the first of some ports that takes a connection; it can be cut, held and mended. */
export interface Cable extends AsyncDisposable {
  readonly port: number;
  /** Connections end at once, and no new one comes through. */
  cut(): void;
  /** Connections stay, and nothing comes through them: what a silent partition looks like. */
  hold(): void;
  mend(): void;
}

export async function openCable(ports: () => readonly number[]): Promise<Cable> {
  const ends = new Set<Socket>();
  let state: 'whole' | 'cut' | 'held' = 'whole';

  const server = createServer((near) => {
    keep(near);
    if (state === 'cut') near.destroy();
    else void lead(near);
  });
  const keep = (end: Socket): void => {
    ends.add(end);
    // Both ends see what became of the other; that is all that there is to say.
    end.on('error', () => {}).on('close', () => ends.delete(end));
    end.setNoDelay(true);
  };
  const lead = async (near: Socket): Promise<void> => {
    for (const port of ports()) {
      const far = connect({ port, host: HOST });
      keep(far);
      const reached = await once(far, 'connect').then(
        () => true,
        () => false,
      );
      if (!reached) continue;
      near.on('close', () => far.destroy());
      far.on('close', () => near.destroy());
      if (near.destroyed) far.destroy();
      near.pipe(far).pipe(near);
      if (state === 'held') for (const end of [near, far]) end.pause();
      return;
    }
    near.destroy();
  };

  server.listen(0, HOST);
  await once(server, 'listening');
  const cutAll = () => {
    for (const end of ends) end.destroy();
  };
  return {
    port: (server.address() as AddressInfo).port,
    cut() {
      state = 'cut';
      cutAll();
    },
    hold() {
      state = 'held';
      for (const end of ends) end.pause();
    },
    mend() {
      state = 'whole';
      for (const end of ends) end.resume();
    },
    async [Symbol.asyncDispose]() {
      cutAll();
      server.close();
      await once(server, 'close');
    },
  };
}
