import type { GAUGES, SpanName } from './names.ts';

export type SpanAttributes = Readonly<Record<string, string | number | boolean>>;

/** A ready-made span with chosen ids: the journal's projection. Sent twice it is stored twice by most back ends. */
export interface PlainSpan {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string | undefined;
  readonly name: string;
  readonly startMs: number;
  readonly endMs: number;
  readonly ok: boolean;
  readonly attributes: SpanAttributes;
}

export interface ActiveSpan {
  readonly traceparent: string | undefined;
  /** Marks a failure that is returned, not thrown. */
  fail(code: string): void;
}

export interface Tracing extends AsyncDisposable {
  /**
   * Runs the work inside a span; `traceparent` continues it elsewhere, and is the parent's own when nothing is
   * exported. A thrown error marks the span with its code and is thrown on.
   */
  withSpan<T>(
    name: SpanName,
    options: { parentTraceparent?: string | undefined; attributes?: SpanAttributes },
    work: (span: ActiveSpan) => Promise<T>,
  ): Promise<T>;
  /** Best effort: a receiver that does not answer costs a log line of the SDK, never a run. */
  exportSpans(spans: readonly PlainSpan[]): Promise<void>;
  /** Best effort, as above. The values of now; whoever tells them again tells the same. */
  exportGauge(gauge: Gauge, values: readonly GaugeValue[]): Promise<void>;
}

export type Gauge = (typeof GAUGES)[keyof typeof GAUGES];

export interface GaugeValue {
  readonly value: number;
  readonly attributes: SpanAttributes;
}

export const noTracing: Tracing = {
  withSpan: (_name, { parentTraceparent }, work) => work({ traceparent: parentTraceparent, fail() {} }),
  exportSpans: () => Promise.resolve(),
  exportGauge: () => Promise.resolve(),
  [Symbol.asyncDispose]: () => Promise.resolve(),
};

/** Loads the SDK only when there is somewhere to send to: it costs 90 ms and 30 MB. */
export async function startTracing(options: {
  service: string;
  site?: string;
  endpoint: string | undefined;
}): Promise<Tracing> {
  if (options.endpoint === undefined) return noTracing;
  const { openOtlpTracing } = await import('./otlp.ts');
  return openOtlpTracing({ ...options, endpoint: options.endpoint });
}

/** W3C trace context of a step's command: worker spans hang below exactly this span. */
export function traceparentOf(traceId: string, spanId: string): string {
  return `00-${traceId}-${spanId}-01`;
}
