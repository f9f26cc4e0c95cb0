import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { Secret } from '#libs/kernel/secret.ts';
import { s3Store } from './s3.ts';

/**
 * What goes wrong with one request: an answer of that status (and S3 code) without effect; the connection reset before
 * or after the effect; an answer cut in the middle, or as if it were whole; the page of something on the way; no answer.
 */
export type Fault =
  | number
  | readonly [number, string]
  | 'reset'
  | 'reset after'
  | 'cut'
  | 'cut unseen'
  | 'page'
  | 'silent'
  | 'none';

export interface FakeS3 extends AsyncDisposable {
  readonly store: ReturnType<typeof s3Store>;
  /** Of the requests to come, in their order; then none. */
  readonly faults: Fault[];
  /** `METHOD name` of every request so far. */
  readonly seen: string[];
  readonly objects: Map<string, Buffer>;
}

/** Of every object: nobody looks at more than that there is one. */
const ETAG = '"fake"';

interface FakeOptions {
  readonly honoursCreateOnly?: boolean;
  readonly silenceMs?: number;
}

/** A server that misbehaves as told, for faults that no real store shows on demand. It checks no signature. */
export async function startFakeS3({
  honoursCreateOnly = true,
  silenceMs,
}: FakeOptions = {}): Promise<FakeS3> {
  const world = { objects: new Map<string, Buffer>(), faults: [] as Fault[], seen: [] as string[] };
  const server = createServer((request, response) => {
    serve(request, response, { ...world, honoursCreateOnly }).catch(() => request.socket.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const store = s3Store({
    endpoint: new URL(`http://127.0.0.1:${port}`),
    region: 'us-east-1',
    bucket: 'bucket',
    accessKey: 'fake',
    secretKey: new Secret('fake'),
    ...(silenceMs === undefined ? {} : { silenceMs }),
  });
  return {
    ...world,
    store,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

interface World extends Pick<FakeS3, 'objects' | 'faults' | 'seen'> {
  readonly honoursCreateOnly: boolean;
}

async function serve(request: IncomingMessage, response: ServerResponse, world: World): Promise<void> {
  const body = await buffer(request);
  const { pathname, searchParams } = new URL(request.url ?? '', 'http://fake');
  const name = pathname.replace(/^\/bucket\//, '');
  // Asked once by whoever deletes; its bucket has no lock, and that answer is never at fault.
  if (searchParams.has('object-lock'))
    return void response
      .writeHead(404)
      .end('<Error><Code>ObjectLockConfigurationNotFoundError</Code></Error>');
  world.seen.push(`${request.method} ${name}`);
  const fault = world.faults.shift() ?? 'none';
  if (fault === 'silent') return;
  if (fault === 'reset') return void request.socket.resetAndDestroy();
  if (typeof fault === 'number') return void response.writeHead(fault).end();
  if (typeof fault === 'object')
    return void response.writeHead(fault[0]).end(`<Error><Code>${fault[1]}</Code></Error>`);
  if (fault === 'page') return void response.writeHead(200).end('<html>please log in</html>');
  const answer = act(request, { name, body }, world);
  if (fault === 'reset after') return void request.socket.resetAndDestroy();
  if (fault === 'cut unseen') return sendUnseenCut(request.socket, answer);
  send(response, answer, fault === 'cut');
}

interface Answer {
  readonly status: number;
  readonly body?: Buffer;
}

function act(
  { method, headers }: IncomingMessage,
  { name, body }: { name: string; body: Buffer },
  { objects, honoursCreateOnly }: World,
): Answer {
  const stored = objects.get(name);
  if (method === 'PUT') {
    if (honoursCreateOnly && headers['if-none-match'] === '*' && stored !== undefined) return { status: 412 };
    objects.set(name, body);
    return { status: 200 };
  }
  if (method === 'DELETE') {
    objects.delete(name);
    return { status: 204 };
  }
  if (stored !== undefined) return { status: 200, body: stored };
  return { status: 404, body: Buffer.from('<Error><Code>NoSuchKey</Code></Error>') };
}

function send(response: ServerResponse, { status, body = Buffer.alloc(0) }: Answer, cut: boolean): void {
  response.writeHead(status, status === 204 ? {} : { 'content-length': body.length, etag: ETAG });
  if (!cut) return void response.end(body);
  response.write(body.subarray(0, body.length / 2), () => response.socket?.resetAndDestroy());
}

/** It says no length, and ends as a whole one would. */
function sendUnseenCut(socket: Socket, { status, body = Buffer.alloc(0) }: Answer): void {
  socket.write(`HTTP/1.1 ${status} X\r\nconnection: close\r\netag: ${ETAG}\r\n\r\n`);
  socket.end(body.subarray(0, body.length / 2));
}
