import { readStack } from '#deploy/local/stack.ts';
import { openNatsBus } from '#libs/bus/nats.ts';
import { subjects } from '#libs/contracts/subjects.ts';
import { HoldfastError } from '#libs/kernel/errors.ts';
import type { Json } from '#libs/kernel/json.ts';
import { tokenFile } from '#libs/rpc/token.ts';
import { silentLog } from '#libs/telemetry/log.ts';
import type { Context } from '../command.ts';

/** What an EDMS says. */
export interface TriggerEvent {
  readonly deployment: string;
  readonly type: string;
  readonly id: string;
  readonly source: string;
  readonly data: Json;
}

/** A server that is started anew answers again within seconds; a deployment must not hang on one that is gone. */
const CONNECT_MS = 15_000;

/** Durable on the bus when it returns. Needs no coordinator: it sees the event when it is back. Throws BUS_UNREACHABLE. */
export async function publishTrigger(event: TriggerEvent, context: Context): Promise<{ duplicate: boolean }> {
  const { url, token } = await findBus(context);
  await using bus = await openNatsBus({
    url,
    token: await tokenFile(token)(),
    name: 'holdfast emit',
    log: silentLog,
    connectMs: CONNECT_MS,
    signal: context.interrupts.signal,
  });
  return await bus.publish(
    { ...event, subject: subjects.trigger(event.deployment) },
    { signal: context.interrupts.signal },
  );
}

/** `HOLDFAST_NATS_URL` names a bus elsewhere; otherwise it is the one of the home folder's stack. */
async function findBus({ env, home }: Context): Promise<{ url: string; token: string }> {
  const token = env['HOLDFAST_NATS_TOKEN_FILE'] || home.natsTokenFile;
  const named = env['HOLDFAST_NATS_URL'];
  if (named !== undefined && named !== '') return { url: named, token };
  const stack = await readStack(home.folder);
  if (stack === undefined)
    throw new HoldfastError('BUS_UNREACHABLE', {
      home: home.folder,
      reason: 'no stack was started on this home',
    });
  return { url: stack.natsUrl, token };
}
