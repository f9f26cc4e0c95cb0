import {
  DiscardPolicy,
  ErrorCode,
  nanos,
  NatsError,
  RetentionPolicy,
  StorageType,
  type JetStreamManager,
  type StreamConfig,
} from 'nats';
import { DUPLICATE_WINDOW_MS, STREAM_RULES, type StreamRules } from './streams.ts';

const STREAM_NOT_FOUND = 10_059;

/** In a cluster: any one server may be lost. */
export const CLUSTER_REPLICAS = 3;

/** Idempotent; several services do it at once. */
export async function ensureStreams({
  manager,
  replicas,
}: {
  readonly manager: JetStreamManager;
  readonly replicas: number;
}): Promise<void> {
  for (const [name, rules] of Object.entries(STREAM_RULES))
    await ensureStream(manager, name, { ...configOf(rules), num_replicas: replicas });
}

async function ensureStream(
  manager: JetStreamManager,
  name: string,
  config: Partial<StreamConfig>,
): Promise<void> {
  try {
    await manager.streams.update(name, config);
  } catch (thrown) {
    if (!isApiError(thrown, STREAM_NOT_FOUND)) throw thrown;
    await manager.streams.add({ name, ...config });
  }
}

function configOf(rules: StreamRules): Partial<StreamConfig> {
  return {
    subjects: [...rules.subjects],
    storage: StorageType.File,
    retention: rules.retention === 'work' ? RetentionPolicy.Workqueue : RetentionPolicy.Limits,
    discard: rules.discard === 'new' ? DiscardPolicy.New : DiscardPolicy.Old,
    max_msgs: rules.messagesMax,
    max_age: nanos(rules.ageMaxMs),
    duplicate_window: nanos(DUPLICATE_WINDOW_MS),
  };
}

/** Nobody answers for the streams: no server with JetStream, or no leader among several, yet. */
export function isUnavailable(thrown: unknown): boolean {
  if (!(thrown instanceof NatsError)) return false;
  return thrown.api_error?.code === 503 || UNANSWERED.has(thrown.code);
}

const UNANSWERED: ReadonlySet<string> = new Set([ErrorCode.NoResponders, ErrorCode.Timeout]);

export function isApiError(thrown: unknown, code: number): boolean {
  return thrown instanceof NatsError && thrown.api_error?.err_code === code;
}
