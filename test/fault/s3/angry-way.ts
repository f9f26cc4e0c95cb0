import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import type { seededOrder } from '../pivot/seeded.ts';

/** What is done to a request. After `after` it has reached the server, which did what was asked. */
export const ANGERS = [
  '429',
  '429 with Retry-After',
  '503 SlowDown',
  '503 with Retry-After',
  '500',
  'reset before',
  'half a request',
  'silence before',
  'error in 200',
  'page in 200',
  'reset after',
  'closed after',
  'silence after',
  '502 after',
  '503 after',
  'error in 200 after',
  'half an answer',
  'half a chunked answer',
  'half an answer of no length',
  'full',
] as const;
export type Anger = (typeof ANGERS)[number];

/** The share of requests that is answered wrongly, and of it what sends no answer: each costs a whole silence. */
const SHARE = 0.3;
const SILENT_SHARE = 0.05;
/** As many as a retry that gives up sends. */
const TRIES = 7;

const SILENT = ANGERS.filter((anger) => anger.startsWith('silence'));
const HEARD = ANGERS.filter((anger) => !anger.startsWith('silence') && anger !== 'full');
const THROTTLING = ANGERS.filter((anger) => /^(?:429|503)/.test(anger));

export type Temper =
  /** Of everything some. */
  | { readonly kind: 'mixed' }
  /** Mixed, and there is no room for a while: from the first pack on. */
  | { readonly kind: 'full' }
  /** As the share says, but nothing other than 429 and 503. */
  | { readonly kind: 'throttled' }
  /** Mixed, and the first request whose `METHOD name` contains it gets one wrong answer after the other until its sender gives up. */
  | { readonly kind: 'worn out'; readonly at: string };

export interface AngryWay extends AsyncDisposable {
  readonly port: number;
  /** How often each was done. */
  readonly done: ReadonlyMap<Anger, number>;
  /** While it was angry. */
  readonly seen: { readonly requests: number };
  /** From now on every answer is the server's. */
  calm(): void;
}

/** A proxy between a store and its server; signatures cover its own host and stay good. The draws go by order of arrival. */
export async function openAngryWay(options: {
  serverPort: number;
  temper: Temper;
  random: ReturnType<typeof seededOrder>;
}): Promise<AngryWay> {
  const { serverPort, random } = options;
  const done = new Map<Anger, number>();
  const seen = { requests: 0 };
  const draw = drawer(options.temper, random);
  const onward = new http.Agent({ keepAlive: true });
  let isCalm = false;
  const server = http.createServer((request, response) => {
    if (!isCalm) seen.requests += 1;
    const anger = isCalm ? undefined : draw(`${request.method} ${objectOf(request)}`, request.method ?? '');
    if (anger !== undefined) done.set(anger, (done.get(anger) ?? 0) + 1);
    const answered = answer({ request, response, anger, serverPort, onward });
    // The sender has gone, as it does after silence; or the server was not reached: then nobody is.
    answered.catch(() => request.socket.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.address() as AddressInfo).port,
    done,
    seen,
    calm: () => void (isCalm = true),
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      onward.destroy();
    },
  };
}

function drawer(temper: Temper, random: ReturnType<typeof seededOrder>) {
  let worn: string | undefined;
  let left = TRIES;
  let isFull = false;
  return (what: string, method: string): Anger | undefined => {
    const [heard, share] = temper.kind === 'throttled' ? [THROTTLING, 0] : [HEARD, SILENT_SHARE];
    const some = heard.filter((anger) => fits(anger, method));
    if (temper.kind === 'worn out' && left > 0 && what.includes(temper.at)) {
      worn ??= what;
      if (worn === what) {
        left -= 1;
        return random.pick(some);
      }
    }
    isFull ||= temper.kind === 'full' && what.startsWith('PUT packs/');
    if (isFull && method === 'PUT' && left > 0) {
      left -= 1;
      return 'full';
    }
    if (random.fraction() >= SHARE) return undefined;
    return random.fraction() < share ? random.pick(SILENT) : random.pick(some);
  };
}

/** An answer to HEAD has no body, and one to PUT or DELETE has nothing in it that could be cut. */
function fits(anger: Anger, method: string): boolean {
  if (anger.startsWith('half an answer') || anger.startsWith('half a chunked')) return method === 'GET';
  if (anger.includes('in 200')) return method !== 'HEAD';
  return anger !== 'half a request' || method === 'PUT';
}

function objectOf({ url = '' }: http.IncomingMessage): string {
  return new URL(url, 'http://way').pathname.split('/').slice(2).join('/');
}

interface Exchange {
  readonly request: http.IncomingMessage;
  readonly response: http.ServerResponse;
  readonly anger: Anger | undefined;
  readonly serverPort: number;
  readonly onward: http.Agent;
}

async function answer(exchange: Exchange): Promise<void> {
  const { request, response, anger } = exchange;
  const body = await buffer(request);
  switch (anger) {
    case undefined: {
      const { status, headers, bytes } = await pass(exchange, body);
      return void response.writeHead(status, headers).end(bytes);
    }
    case '429':
      return void response.writeHead(429).end();
    case '429 with Retry-After':
      return void response.writeHead(429, { 'retry-after': '1' }).end();
    case '503 SlowDown':
      return void response.writeHead(503).end(errorOf('SlowDown'));
    case '503 with Retry-After':
      return void response.writeHead(503, { 'retry-after': '1' }).end(errorOf('SlowDown'));
    case 'full':
      return void response.writeHead(507).end(errorOf('XMinioStorageFull'));
    case '500':
      return void response.writeHead(500).end(errorOf('InternalError'));
    case 'reset before':
      return void request.socket.resetAndDestroy();
    case 'half a request':
      passHalf(exchange, body);
      return void request.socket.resetAndDestroy();
    case 'silence before':
      return;
    case 'error in 200':
      return void response.writeHead(200).end(errorOf('InternalError'));
    case 'page in 200':
      return void response.writeHead(200, { 'content-type': 'text/html' }).end('<html>please log in</html>');
    case 'reset after':
      await pass(exchange, body);
      return void request.socket.resetAndDestroy();
    case 'closed after':
      await pass(exchange, body);
      return void request.socket.destroy();
    case 'silence after':
      return void (await pass(exchange, body));
    case '502 after':
      await pass(exchange, body);
      return void response.writeHead(502).end();
    case '503 after':
      await pass(exchange, body);
      return void response.writeHead(503).end();
    case 'error in 200 after':
      await pass(exchange, body);
      return void response.writeHead(200).end(errorOf('InternalError'));
    case 'half an answer':
    case 'half a chunked answer':
    case 'half an answer of no length':
      return sendHalf(exchange, await pass(exchange, body));
    default:
      throw anger satisfies never;
  }
}

function errorOf(code: string): string {
  return `<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>${code}</Code><Message>angry</Message></Error>`;
}

interface Passed {
  readonly status: number;
  readonly headers: http.IncomingHttpHeaders;
  readonly bytes: Buffer;
}

async function pass(exchange: Exchange, body: Buffer): Promise<Passed> {
  const { promise, resolve, reject } = Promise.withResolvers<http.IncomingMessage>();
  onwardRequest(exchange).on('response', resolve).on('error', reject).end(body);
  const {
    statusCode = 500,
    headers,
    ...rest
  } = await promise.then(async (response) => ({
    statusCode: response.statusCode,
    headers: response.headers,
    bytes: await buffer(response),
  }));
  return { status: statusCode, headers, bytes: rest.bytes };
}

/** The server is left with a body that does not go on. */
function passHalf(exchange: Exchange, body: Buffer): void {
  const onward = onwardRequest(exchange);
  onward.on('error', () => {});
  onward.write(body.subarray(0, Math.ceil(body.length / 2)), () => onward.destroy());
}

function onwardRequest({ request, serverPort: port, onward: agent }: Exchange): http.ClientRequest {
  const { method, url: path, headers } = request;
  return http.request({ host: '127.0.0.1', port, method, path, headers, agent });
}

/** In three ways of saying how long it is; the last one says nothing, and ends as a whole one would. */
function sendHalf({ request, response, anger }: Exchange, { status, headers, bytes }: Passed): void {
  const { 'content-length': length = String(bytes.length), ...rest } = headers;
  delete rest['transfer-encoding'];
  const half = bytes.subarray(0, Math.floor(bytes.length / 2));
  const socket = request.socket;
  if (anger === 'half an answer of no length') {
    const lines = Object.entries({ ...rest, connection: 'close' }).map(
      ([name, value]) => `${name}: ${String(value)}\r\n`,
    );
    socket.write(`HTTP/1.1 ${status} X\r\n${lines.join('')}\r\n`);
    return void socket.end(half);
  }
  const chunked = anger === 'half a chunked answer';
  response.writeHead(status, {
    ...rest,
    ...(chunked ? { 'transfer-encoding': 'chunked' } : { 'content-length': length }),
  });
  response.write(half, () => socket.destroy());
}
