import http from 'node:http';
import https from 'node:https';
import { buffer } from 'node:stream/consumers';
import { urlToHttpOptions } from 'node:url';
import { HoldfastError } from '#libs/kernel/errors.ts';

export interface HttpAnswer {
  readonly status: number;
  readonly headers: http.IncomingHttpHeaders;
  /** As the header says: of HEAD, what GET would send. */
  readonly bodyBytes: number;
  readonly body: Buffer;
}

export type HttpExchange = (request: {
  method: string;
  url: string;
  headers: Readonly<Record<string, string>>;
  body?: Uint8Array;
  signal: AbortSignal | undefined;
}) => Promise<HttpAnswer>;

/**
 * One request and its whole answer over kept-alive connections, never sent twice. Whatever ends it before the answer is
 * complete, silence of the socket among it, is STORE_UNREACHABLE; an abort throws its reason.
 */
export function httpExchange(secure: boolean, silenceMs: number): HttpExchange {
  const protocol = secure ? https : http;
  const agent = new protocol.Agent({ keepAlive: true });
  return async ({ method, url, headers, body, signal }) => {
    signal?.throwIfAborted();
    const target = new URL(url);
    const request = protocol.request({
      ...urlToHttpOptions(target),
      method,
      headers: { ...headers, 'content-length': String(body?.length ?? 0) },
      agent,
      timeout: silenceMs,
      signal,
    });
    request.on('timeout', () => request.destroy(new Error(`silent for ${silenceMs} ms`)));
    try {
      return await completeAnswer(request, body);
    } catch (cause) {
      signal?.throwIfAborted();
      const { code, message } = cause as NodeJS.ErrnoException;
      throw new HoldfastError('STORE_UNREACHABLE', { host: target.host, reason: code ?? message }, { cause });
    }
  };
}

/** A store may refuse before it has read the body and close: once an answer begins, it alone counts. */
function completeAnswer(request: http.ClientRequest, sent: Uint8Array | undefined): Promise<HttpAnswer> {
  const { promise, resolve, reject } = Promise.withResolvers<HttpAnswer>();
  let answered = false;
  request.on('error', (error) => {
    if (!answered) reject(error);
  });
  request.on('response', (response) => {
    answered = true;
    const { statusCode: status = 0, headers } = response;
    if (request.method === 'GET' && isOpenEnded(status, headers)) {
      reject(new Error('answer does not say how long it is'));
      return void request.destroy();
    }
    const bodyBytes = Number(headers['content-length'] ?? 0);
    buffer(response).then((body) => resolve({ status, headers, bodyBytes, body }), reject);
  });
  request.end(sent);
  return promise;
}

/** It ends where the connection does, and half of it would pass for the whole; of an error the status says enough. */
function isOpenEnded(status: number, headers: http.IncomingHttpHeaders): boolean {
  return (
    status < 500 && headers['content-length'] === undefined && headers['transfer-encoding'] === undefined
  );
}
