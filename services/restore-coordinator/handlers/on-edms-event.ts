import { z } from 'zod';
import { parseWith } from '#libs/contracts/step.ts';
import { TOKEN_PATTERN } from '#libs/kernel/ids.ts';
import type { CoordinatorPorts } from '../ports.ts';

/** What an EDMS says, reduced to what matters here: the CloudEvent's own id and source make the run "once". */
const edmsEvent = z.object({
  id: z.string().min(1),
  source: z.string().min(1),
  type: z.string(),
  subject: z.string().regex(TOKEN_PATTERN),
});

/** A trigger that the deployment's spec names opens a backup; any other event is none of our business. */
export async function onEdmsEvent(
  event: unknown,
  { specs, runs }: CoordinatorPorts,
): Promise<string | undefined> {
  const { id, source, type, subject } = parseWith(edmsEvent, event, 'EDMS event');
  const { spec, version } = await specs.read(subject);
  if (spec.triggers[type] === undefined) return undefined;
  const key = JSON.stringify([source, id]);
  const state = await runs.open({
    kind: 'backup',
    deployment: subject,
    specVersion: version,
    principal: `event:${type}`,
    origin: 'event',
    key,
    parameters: {},
  });
  return state.header.runId;
}
