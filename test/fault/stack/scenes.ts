import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { openNatsBus } from '#libs/bus/nats.ts';
import type { Publication } from '#libs/bus/port.ts';
import { subjects } from '#libs/contracts/subjects.ts';
import { HoldfastError } from '#libs/kernel/errors.ts';
import { silentLog } from '#libs/telemetry/log.ts';
import { frontDoorOf, type Run } from '#services/operator/cli/front-door.ts';
import { PARTS, type Seen, type Side, type SmallSystem } from '../pivot/system.ts';
import type { Stack } from './stack.ts';

/** What a run is asked for; `event` is a backup that an event of the EDMS asks for. */
export const KINDS = ['backup', 'restore', 'verify', 'drill', 'event', 'rollback', 'release'] as const;
export type Kind = (typeof KINDS)[number];

export const DEPLOYMENT = 'edms';
const TRIGGER = 'edms.migration.pending';
const ASK_AGAIN_MS = 300;
/** How long an event may be on its way before it is said again. */
const PUBLISH_MS = 5_000;

/** Databases that a completed run leaves more than it found: a restore keeps the old one, a release drops what was kept. */
export const KEEPS: Readonly<Record<Kind, number>> = {
  backup: 0,
  event: 0,
  verify: 0,
  drill: 0,
  restore: 1,
  rollback: 0,
  release: -1,
};

/** A run about to begin, with the system as it must be afterwards. */
export interface Scene {
  readonly kind: Kind;
  /** Live before the run; and after it when it fails. */
  readonly before: Side;
  /** Live after a run that completed. */
  readonly after: Side;
  /** The system's, before the run. */
  readonly databases: readonly string[];
  /** Asks for the run, as often as it takes: the same request is the same run. */
  ask(): Promise<string>;
}

/** What a scene is set with. */
export interface Props {
  readonly stack: Stack;
  readonly system: SmallSystem;
  /** Follows a run that nobody disturbs. */
  readonly undisturbed: (runId: string) => Promise<void>;
}

export function specOf({ app, envFile }: SmallSystem): string {
  return JSON.stringify({
    deployment: DEPLOYMENT,
    database: { url: { env: 'DATABASE_URL' } },
    files: { roots: [{ name: 'storage', path: join(app, 'storage') }] },
    config: { envFiles: [envFile], trees: [{ name: 'certificates', path: join(app, 'certificates') }] },
    hooks: { stop: [['true']], start: [['true']] },
    triggers: { [TRIGGER]: { backup: 'all' } },
  });
}

export async function setScene(props: Props, kind: Kind): Promise<Scene> {
  const { stack, system } = props;
  await stack.healthy();
  const before = kind === 'restore' ? 'later' : 'taken';
  if (kind === 'rollback' || kind === 'release') await restoreFirst(props);
  // A backup takes what was never taken before, so that it has work.
  else if (kind === 'verify' || kind === 'drill') await becomeUnlessItIs(system, before);
  else await system.become(before);
  const ask = await request(props, kind);
  return {
    kind,
    before,
    after: kind === 'rollback' ? 'later' : 'taken',
    databases: await system.databases(),
    ask: () => asked(ask),
  };
}

async function restoreFirst(props: Props): Promise<void> {
  await props.system.become('later');
  await props.undisturbed(await asked(await request(props, 'restore')));
}

async function becomeUnlessItIs(system: SmallSystem, side: Side): Promise<void> {
  if (!isWholly(await system.look(), side)) await system.become(side);
}

/** A request of its own: sent as often as one likes, it is one run. */
async function request({ stack }: Props, kind: Kind): Promise<() => Promise<string>> {
  const door = frontDoorOf(stack.caller);
  const requestId = `${kind}-${randomBytes(6).toString('hex')}`;
  const wish = { deployment: DEPLOYMENT, backupId: 'latest' };
  const own = { deployment: DEPLOYMENT, requestId };
  const of = (start: () => Promise<Run>) => async () => (await start()).runId;
  switch (kind) {
    case 'backup':
      return of(() => door.startBackup({ ...own, acceptChanges: true }));
    case 'verify':
      return of(() => door.startVerify({ ...wish, level: 0, requestId }));
    case 'drill':
      return of(() => door.startDrill({ ...wish, requestId }));
    case 'rollback':
      return of(() => door.startRollback(own));
    case 'release':
      return of(() => door.startRelease(own));
    case 'restore': {
      const { problems, planDigest } = await asked(() => door.planRestore(wish));
      if (problems.length > 0) throw new Error(`the restore is refused: ${JSON.stringify(problems)}`);
      return of(() => door.startRestore({ ...wish, planDigest, requestId }));
    }
    case 'event': {
      const event: Publication = {
        subject: subjects.trigger(DEPLOYMENT),
        type: TRIGGER,
        id: requestId,
        source: '/registrar/deploy',
        deployment: DEPLOYMENT,
        data: { pending: 2 },
      };
      return () => emit(stack, event);
    }
    default:
      return kind satisfies never;
  }
}

/** Published as the EDMS does, until its run is known: an event that is not in the log yet is said again. */
async function emit({ busUrl, busToken, caller }: Stack, event: Publication): Promise<string> {
  await using bus = await openNatsBus({
    url: busUrl,
    token: busToken,
    name: 'edms',
    log: silentLog,
    connectMs: 1_000,
  });
  await bus.publish(event, { signal: AbortSignal.timeout(PUBLISH_MS) });
  const { deployment, source, id } = event;
  const deadline = performance.now() + PUBLISH_MS;
  for (;;) {
    const { state, runId } = await frontDoorOf(caller).findTrigger({ deployment, source, id });
    if (state === 'covered') return runId;
    if (performance.now() > deadline)
      throw new HoldfastError('BUS_UNREACHABLE', { reason: `the event is ${state}` });
    await pause(100);
  }
}

/** Until it is answered: whoever was asked may have died of it. */
export async function asked<T>(question: () => Promise<T>, patienceMs = 60_000): Promise<T> {
  const deadline = performance.now() + patienceMs;
  for (;;) {
    try {
      return await question();
    } catch (thrown) {
      if (HoldfastError.from(thrown).entry.retry !== 'transient' || performance.now() > deadline)
        throw thrown;
      await pause(ASK_AGAIN_MS);
    }
  }
}

export function isWholly(seen: Seen, side: Side): boolean {
  return PARTS.every((part) => seen[part] === side);
}
