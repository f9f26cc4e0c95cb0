import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import { TRIGGER_TYPE_PATTERN } from '#libs/contracts/spec.ts';
import { DURATION_PATTERN, durationMs } from '#libs/kernel/duration.ts';
import { HoldfastError } from '#libs/kernel/errors.ts';
import { TOKEN_PATTERN } from '#libs/kernel/ids.ts';
import type { Json } from '#libs/kernel/json.ts';
import type { Input, LeafCommand } from '../command.ts';
import { publishTrigger, type TriggerEvent } from '../emit/publish.ts';
import { emitAndWait } from '../emit/wait.ts';

const TIMEOUT = '30m';

export const emit: LeafCommand = {
  name: 'emit',
  summary: 'tell what the EDMS does (CloudEvent); with --wait, go on only when its backup is committed',
  words: [
    ['<deployment>', 'name in its spec'],
    ['<type>', 'type of the event, as the spec names it under triggers'],
  ],
  options: [
    ['--id <id>', 'the same source and id, sent again, is the same event (default: a new one)'],
    ['--source <source>', 'who says it (default: edms/HOST)'],
    ['--data <json>', 'what more there is to say'],
    ['--wait', 'until the backup that covers the event is committed; fails when there is none'],
    ['--timeout <time>', `how long to wait: a number and s, m, h or d (default: ${TIMEOUT})`],
  ],
  examples: [
    'holdfast emit records-eu edms.migration.pending --wait && ./manage.py migrate',
    'holdfast emit records-eu edms.settings.changed --data \'{"by":"admin"}\'',
  ],
  async act(input, context) {
    const event = eventOf(input);
    const timeoutMs = durationMs(
      requireMatch('--timeout', input.text('timeout') ?? TIMEOUT, DURATION_PATTERN),
    );
    if (input.flag('wait')) return await emitAndWait(event, timeoutMs, context);
    const { duplicate } = await publishTrigger(event, context);
    return { data: { event: { ...event }, duplicate }, text: `told: ${event.type}, id ${event.id}` };
  },
};

function eventOf(input: Input): TriggerEvent {
  return {
    deployment: requireMatch('<deployment>', input.word(0), TOKEN_PATTERN),
    type: requireMatch('<type>', input.word(1), TRIGGER_TYPE_PATTERN),
    id: requireMatch('--id', input.text('id') ?? randomUUID(), /./),
    source: requireMatch('--source', input.text('source') ?? `edms/${hostname()}`, /^[^\s]+$/),
    data: parseData(input.text('data') ?? '{}'),
  };
}

function requireMatch(option: string, seen: string, wanted: RegExp): string {
  if (!wanted.test(seen)) throw new HoldfastError('USAGE', { option, seen, wanted: String(wanted) });
  return seen;
}

function parseData(text: string): Json {
  try {
    return JSON.parse(text) as Json;
  } catch (cause) {
    throw new HoldfastError('USAGE', { option: '--data', wanted: 'JSON' }, { cause });
  }
}
