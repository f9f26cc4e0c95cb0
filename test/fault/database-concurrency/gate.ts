import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { Secret } from '#libs/kernel/secret.ts';

const HOST = '127.0.0.1';
/** No text that is looked for is longer, so one that comes in two pieces is found. */
const TAIL_CHARACTERS = 60;

/** What to look for in the conversations between a backup and its server. */
export interface Place {
  readonly from: 'client' | 'server';
  readonly text: RegExp;
}

/** Whoever comes here stands until he is let go, and so does all that follows on his connection. */
export interface Standstill {
  readonly reached: Promise<void>;
  letGo(): void;
}

/** In front of a server: every word of a backup comes through, so that its moments are the same whoever takes it. */
export interface Gate extends AsyncDisposable {
  readonly port: number;
  /** Called for each piece in which it is found; the piece waits for what it returns. */
  watch(place: Place, onFound: () => Promise<void> | undefined): void;
  /** The first that comes there. */
  standAt(place: Place): Standstill;
}

export async function openGate(serverPort: number): Promise<Gate> {
  const ends = new Set<Socket>();
  const watched: { readonly place: Place; readonly onFound: () => Promise<void> | undefined }[] = [];
  const server = createServer((near) => {
    const far = connect({ port: serverPort, host: HOST });
    for (const end of [near, far]) {
      ends.add(end);
      // Both ends see what became of the other; that is all that there is to say.
      end.on('error', () => {}).on('close', () => ends.delete(end));
      end.setNoDelay(true);
    }
    near.on('close', () => far.destroy());
    far.on('close', () => near.destroy());
    lead(near, far, 'client');
    lead(far, near, 'server');
  });

  const lead = (end: Socket, other: Socket, from: Place['from']): void => {
    let tail = '';
    let before: Promise<unknown> = Promise.resolve();
    end.on('data', (piece: Buffer) => {
      const text = tail + piece.toString('latin1');
      const found = watched.filter(({ place }) => place.from === from && place.text.test(text));
      tail = found.length > 0 ? '' : text.slice(-TAIL_CHARACTERS);
      const waits = found.map(async ({ onFound }) => await onFound());
      before = before.then(() => Promise.all(waits)).then(() => other.destroyed || other.write(piece));
    });
    end.on('end', () => void before.then(() => other.end()));
  };

  server.listen(0, HOST);
  await once(server, 'listening');
  const watch: Gate['watch'] = (place, onFound) => void watched.push({ place, onFound });
  return {
    port: (server.address() as AddressInfo).port,
    watch,
    standAt(place) {
      const { pass, ...still } = standstill();
      let first = true;
      watch(place, () => {
        if (!first) return undefined;
        first = false;
        return pass();
      });
      return still;
    },
    async [Symbol.asyncDispose]() {
      for (const end of ends) end.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}

export function standstill(): Standstill & { readonly pass: () => Promise<void> } {
  const reached = Promise.withResolvers<void>();
  const free = Promise.withResolvers<void>();
  return {
    reached: reached.promise,
    letGo: () => free.resolve(),
    pass: () => {
      reached.resolve();
      return free.promise;
    },
  };
}

/** The same database, spoken to through the gate. */
export function throughGate(url: Secret, { port }: Gate): Secret {
  const address = new URL(url.reveal());
  address.port = String(port);
  return new Secret(address.href);
}
