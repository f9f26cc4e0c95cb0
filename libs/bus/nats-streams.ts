import {
  DiscardPolicy,
  nanos,
  NatsError,
  RetentionPolicy,
  StorageType,
  type JetStreamManager,
  type StreamConfig,
} from 'nats';
import { DUPLICATE_WINDOW_MS, STREAM_RULES, type StreamRules } from './streams.ts';

const STREAM_NOT_FOUND = 10_059;

/** Idempotent; several services do it at once. */
export async function ensureStreams(manager: JetStreamManager): Promise<void> {
  for (const [name, rules] of Object.entries(STREAM_RULES)) await ensureStream(manager, name, rules);
}

async function ensureStream(manager: JetStreamManager, name: string, rules: StreamRules): Promise<void> {
  const config = configOf(rules);
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

export function isApiError(thrown: unknown, code: number): boolean {
  return thrown instanceof NatsError && thrown.api_error?.err_code === code;
}
