import { z } from 'zod';
import { COMPONENTS, type ComponentName } from '#libs/contracts/sites.ts';
import { parseWith } from '#libs/contracts/step.ts';
import { durationMs } from '#libs/kernel/duration.ts';
import { TOKEN_PATTERN } from '#libs/kernel/ids.ts';
import { triggerKey } from '#libs/saga/triggers.ts';
import type { CoordinatorPorts } from '../ports.ts';

/** What an EDMS says, reduced to what matters here: the CloudEvent's own id and source make the run "once". */
const edmsEvent = z.object({
  id: z.string().min(1),
  source: z.string().min(1),
  type: z.string(),
  subject: z.string().regex(TOKEN_PATTERN),
});

/**
 * A trigger that the deployment's spec names is recorded in its log, once; when its run is opened is `onDue`'s to
 * decide. Any other event is none of our business. Durable when it returns.
 */
export async function onEdmsEvent(
  event: unknown,
  { specs, logs }: Pick<CoordinatorPorts, 'specs' | 'logs'>,
): Promise<'accepted' | 'repeated' | 'ignored'> {
  const { id, source, type, subject } = parseWith(edmsEvent, event, 'EDMS event');
  const policy = (await specs.read(subject)).spec.triggers[type];
  if (policy === undefined) return 'ignored';
  const key = triggerKey(source, id);
  const recorded = await logs.append(subject, async (entries) => {
    const isKnown = entries.some((entry) => entry.event.kind === 'triggered' && entry.event.key === key);
    if (isKnown || (await logs.findAnswered(subject, key)) !== undefined) return undefined;
    return {
      kind: 'triggered',
      key,
      type,
      debounceMs: durationMs(policy.debounce),
      minIntervalMs: durationMs(policy.minInterval),
      ...scopeField(policy.backup),
    };
  });
  return recorded === undefined ? 'repeated' : 'accepted';
}

/** All of them, however it is said, is one scope. */
function scopeField(backup: 'all' | readonly ComponentName[]): {
  readonly components?: readonly ComponentName[];
} {
  const components = COMPONENTS.filter((component) => backup === 'all' || backup.includes(component));
  return components.length === COMPONENTS.length ? {} : { components };
}
