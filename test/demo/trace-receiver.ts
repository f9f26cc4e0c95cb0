import { createServer } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';

export interface ReceivedSpan {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId: string;
  readonly name: string;
  readonly service: string;
}

/** An OTLP/HTTP receiver in this process: what any tracing back end would be sent. */
export interface TraceReceiver extends AsyncDisposable {
  readonly endpoint: string;
  readonly spans: readonly ReceivedSpan[];
}

interface Export {
  readonly resourceSpans: readonly {
    readonly resource: { readonly attributes: readonly { key: string; value: { stringValue?: string } }[] };
    readonly scopeSpans: readonly { readonly spans: readonly Omit<ReceivedSpan, 'service'>[] }[];
  }[];
}

/** What comes in is also sent on as it is, where a receiver for it is named: to be looked at in a trace viewer. */
export async function openTraceReceiver(sendOnTo?: string): Promise<TraceReceiver> {
  const spans: ReceivedSpan[] = [];
  const sent: Promise<PromiseSettledResult<void>[]>[] = [];
  const server = createServer((request, response) => {
    const parts: Buffer[] = [];
    request.on('data', (part: Buffer) => parts.push(part));
    request.on('end', () => {
      const body = Buffer.concat(parts).toString('utf8');
      spans.push(...spansOf(JSON.parse(body) as Export));
      if (sendOnTo !== undefined) sent.push(Promise.allSettled([sendOn(sendOnTo, body)]));
      response.setHeader('content-type', 'application/json').end('{}');
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    spans,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
      const lost = (await Promise.all(sent)).flat().find((each) => each.status === 'rejected');
      if (lost !== undefined) throw lost.reason;
    },
  };
}

async function sendOn(endpoint: string, body: string): Promise<void> {
  const answer = await fetch(`${endpoint.replace(/\/+$/, '')}/v1/traces`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body,
  });
  if (!answer.ok) throw new Error(`${endpoint} answered ${answer.status} to the spans of the demo`);
}

/** Spans of one trace, and those whose parent was never received. */
export function connectedness(spans: readonly ReceivedSpan[], traceId: string) {
  const own = spans.filter((span) => span.traceId === traceId);
  const known = new Set(own.map(({ spanId }) => spanId));
  const orphans = own.filter(({ parentSpanId }) => (parentSpanId ?? '') !== '' && !known.has(parentSpanId));
  const roots = own.filter(({ parentSpanId }) => (parentSpanId ?? '') === '');
  const services = [...new Set(own.map(({ service }) => service))].toSorted((a, b) => a.localeCompare(b));
  return { traceId, spans: own.length, orphans: orphans.length, roots: roots.length, services };
}

function spansOf({ resourceSpans }: Export): ReceivedSpan[] {
  return resourceSpans.flatMap(({ resource, scopeSpans }) => {
    const name = resource.attributes.find(({ key }) => key === 'service.name')?.value.stringValue ?? '';
    return scopeSpans.flatMap((scope) => scope.spans.map((span) => ({ ...span, service: name })));
  });
}
