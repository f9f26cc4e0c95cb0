import { randomBytes } from 'node:crypto';
import { SpanKind, SpanStatusCode, TraceFlags, ValueType, type HrTime } from '@opentelemetry/api';
import { OTLPMetricExporter } from '@opentelemetry/exporter-metrics-otlp-http';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { resourceFromAttributes } from '@opentelemetry/resources';
import { AggregationTemporality, DataPointType, type ResourceMetrics } from '@opentelemetry/sdk-metrics';
import { BatchSpanProcessor, type ReadableSpan } from '@opentelemetry/sdk-trace-base';
import { HoldfastError } from '#libs/kernel/errors.ts';
import { traceparentOf, type Gauge, type GaugeValue, type PlainSpan, type Tracing } from './tracing.ts';

/** A receiver that hangs must not hold up a shutdown. */
const EXPORT_TIMEOUT_MS = 5_000;
/** Spans per request of a projection. */
const EXPORT_SPANS_MAX = 512;

/** OTLP over HTTP with JSON. Spans are handed to exporter and batch as they are: ids are ours, not the SDK's. */
export function openOtlpTracing(options: { service: string; site?: string; endpoint: string }): Tracing {
  const { service, site, endpoint } = options;
  const resource = resourceFromAttributes({
    'service.name': service,
    'service.namespace': 'holdfast',
    ...(site === undefined ? {} : { 'holdfast.site': site }),
  });
  const to = (signal: 'traces' | 'metrics') => ({
    url: `${endpoint.replace(/\/+$/, '')}/v1/${signal}`,
    timeoutMillis: EXPORT_TIMEOUT_MS,
  });
  const exporter = new OTLPTraceExporter(to('traces'));
  const metrics = new OTLPMetricExporter(to('metrics'));
  const batch = new BatchSpanProcessor(exporter, { exportTimeoutMillis: EXPORT_TIMEOUT_MS });
  const readable = (span: PlainSpan): ReadableSpan => readableSpan(span, resource);
  return {
    async withSpan(name, { parentTraceparent, attributes = {} }, work) {
      const parent = parseTraceparent(parentTraceparent);
      const traceId = parent?.traceId ?? randomBytes(16).toString('hex');
      const spanId = randomBytes(8).toString('hex');
      const startMs = Date.now();
      let failure: string | undefined;
      try {
        return await work({ traceparent: traceparentOf(traceId, spanId), fail: (code) => (failure = code) });
      } catch (thrown) {
        failure = HoldfastError.from(thrown).code;
        throw thrown;
      } finally {
        const outcome = failure === undefined ? {} : { 'error.type': failure };
        batch.onEnd(
          readable({
            traceId,
            spanId,
            parentSpanId: parent?.spanId,
            name,
            startMs,
            endMs: Date.now(),
            ok: failure === undefined,
            attributes: { ...attributes, ...outcome },
          }),
        );
      }
    },
    async exportSpans(spans) {
      for (let at = 0; at < spans.length; at += EXPORT_SPANS_MAX) {
        const { promise, resolve } = Promise.withResolvers<void>();
        exporter.export(spans.slice(at, at + EXPORT_SPANS_MAX).map(readable), () => resolve());
        await promise;
      }
    },
    async exportGauge(gauge, values) {
      const { promise, resolve } = Promise.withResolvers<void>();
      metrics.export(gaugeMetrics(gauge, values, resource), () => resolve());
      await promise;
    },
    async [Symbol.asyncDispose]() {
      // Best effort: what the receiver does not take is lost, and nothing else.
      await Promise.allSettled([batch.shutdown(), metrics.shutdown()]);
    },
  };
}

function readableSpan(span: PlainSpan, resource: ReadableSpan['resource']): ReadableSpan {
  const context = (spanId: string) => ({ traceId: span.traceId, spanId, traceFlags: TraceFlags.SAMPLED });
  const own = context(span.spanId);
  return {
    name: span.name,
    kind: SpanKind.INTERNAL,
    spanContext: () => own,
    ...(span.parentSpanId === undefined ? {} : { parentSpanContext: context(span.parentSpanId) }),
    startTime: hrTime(span.startMs),
    endTime: hrTime(span.endMs),
    duration: hrTime(span.endMs - span.startMs),
    status: { code: span.ok ? SpanStatusCode.OK : SpanStatusCode.ERROR },
    attributes: { ...span.attributes },
    links: [],
    events: [],
    ended: true,
    resource,
    instrumentationScope: { name: 'holdfast' },
    droppedAttributesCount: 0,
    droppedEventsCount: 0,
    droppedLinksCount: 0,
  };
}

function gaugeMetrics(
  gauge: Gauge,
  values: readonly GaugeValue[],
  resource: ResourceMetrics['resource'],
): ResourceMetrics {
  const now = hrTime(Date.now());
  const metric = {
    descriptor: { ...gauge, unit: '1', valueType: ValueType.INT },
    aggregationTemporality: AggregationTemporality.CUMULATIVE,
    dataPointType: DataPointType.GAUGE as const,
    dataPoints: values.map(({ value, attributes }) => ({
      startTime: now,
      endTime: now,
      attributes: { ...attributes },
      value,
    })),
  };
  return { resource, scopeMetrics: [{ scope: { name: 'holdfast' }, metrics: [metric] }] };
}

function hrTime(ms: number): HrTime {
  return [Math.trunc(ms / 1_000), Math.round((ms % 1_000) * 1_000_000)];
}

function parseTraceparent(text: string | undefined): { traceId: string; spanId: string } | undefined {
  const match = /^00-([0-9a-f]{32})-([0-9a-f]{16})-[0-9a-f]{2}$/.exec(text ?? '');
  return match === null ? undefined : { traceId: match[1]!, spanId: match[2]! };
}
