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

export interface ReceivedGauge {
  readonly name: string;
  readonly value: number;
  readonly attributes: Readonly<Record<string, string>>;
}

/** An OTLP/HTTP receiver in this process: what any back end of traces and metrics would be sent. */
export interface TraceReceiver extends AsyncDisposable {
  readonly endpoint: string;
  readonly spans: readonly ReceivedSpan[];
  readonly gauges: readonly ReceivedGauge[];
}

type Attributes = readonly { key: string; value: { stringValue?: string } }[];

interface Export {
  readonly resourceSpans?: readonly {
    readonly resource: { readonly attributes: Attributes };
    readonly scopeSpans: readonly { readonly spans: readonly Omit<ReceivedSpan, 'service'>[] }[];
  }[];
  readonly resourceMetrics?: readonly {
    readonly scopeMetrics: readonly {
      readonly metrics: readonly {
        readonly name: string;
        readonly gauge: {
          readonly dataPoints: readonly { readonly asInt: number; readonly attributes: Attributes }[];
        };
      }[];
    }[];
  }[];
}

const TRACES = '/v1/traces';

/** Spans that come in are also sent on as they are, where a receiver for it is named: to be looked at in a trace viewer. */
export async function openTraceReceiver(sendOnTo?: string): Promise<TraceReceiver> {
  const spans: ReceivedSpan[] = [];
  const gauges: ReceivedGauge[] = [];
  const sent: Promise<PromiseSettledResult<void>[]>[] = [];
  const server = createServer((request, response) => {
    const parts: Buffer[] = [];
    request.on('data', (part: Buffer) => parts.push(part));
    request.on('end', () => {
      const body = Buffer.concat(parts).toString('utf8');
      const told = JSON.parse(body) as Export;
      spans.push(...spansOf(told));
      gauges.push(...gaugesOf(told));
      if (sendOnTo !== undefined && request.url === TRACES)
        sent.push(Promise.allSettled([sendOn(`${sendOnTo.replace(/\/+$/, '')}${TRACES}`, body)]));
      response.setHeader('content-type', 'application/json').end('{}');
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    spans,
    gauges,
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
  const answer = await fetch(endpoint, {
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

function spansOf({ resourceSpans = [] }: Export): ReceivedSpan[] {
  return resourceSpans.flatMap(({ resource, scopeSpans }) => {
    const name = resource.attributes.find(({ key }) => key === 'service.name')?.value.stringValue ?? '';
    return scopeSpans.flatMap((scope) => scope.spans.map((span) => ({ ...span, service: name })));
  });
}

function gaugesOf({ resourceMetrics = [] }: Export): ReceivedGauge[] {
  const metrics = resourceMetrics.flatMap(({ scopeMetrics }) =>
    scopeMetrics.flatMap((scope) => scope.metrics),
  );
  return metrics.flatMap(({ name, gauge }) =>
    gauge.dataPoints.map(({ asInt, attributes }) => {
      const pairs = attributes.map(({ key, value }) => [key, value.stringValue ?? '']);
      return { name, value: asInt, attributes: Object.fromEntries(pairs) as Record<string, string> };
    }),
  );
}
