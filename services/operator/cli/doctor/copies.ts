import type { Spec } from '#libs/contracts/spec.ts';
import { scrubbedBack } from '#libs/replica/scrub-ledger.ts';
import type { ObjectStore } from '#libs/store/port.ts';
import type { Context } from '../command.ts';
import type { FrontDoor, Run } from '../front-door.ts';
import { listRunsOf } from '../observe-rpo.ts';
import { openSecondByEnv, openStoreOf } from '../open-store.ts';
import { durationMs, durationText } from '../text.ts';
import type { KnownStack } from './examine.ts';
import { bad, ok, warning, type Finding } from './finding.ts';
import { deviceOfStore } from './same-device.ts';

/** Where no policy says it. */
const REPLICATE_EVERY = '24h';
const SCRUB_EVERY = '30d';
/** A run that is due today may end tomorrow. */
const LATE = 2;

/** What was read of the packs of one store within the time that the policy gives. */
export interface Scrubbed {
  readonly store: string;
  readonly lastAt: string | undefined;
  readonly packs: number;
  readonly packsTotal: number;
}

/** Three copies, two devices, one elsewhere; how old the copy is, and whether somebody still reads what lies there. */
export async function copiesFindings(
  { deployment, policy }: Spec,
  { door, state, context }: { door: FrontDoor; state: NonNullable<KnownStack>; context: Context },
): Promise<readonly Finding[]> {
  const now = context.clock.now();
  const [first, second] = [state.store.url, state.secondStore?.url];
  const device = await deviceOfStore(first);
  const isSameDevice =
    second !== undefined && device !== undefined && device === (await deviceOfStore(second));
  const { every = SCRUB_EVERY } = policy.scrub ?? {};
  const scrubOf = async (name: string, store: ObjectStore) =>
    scrubFinding(deployment, await readScrubbed(name, store, now - durationMs(every)), {
      every,
      isDaily: policy.scrub !== undefined,
      now,
    });
  const ofFirst = [
    placeFinding(deployment, { first, second, isSameDevice }),
    ...harmFindings(deployment, await listRunsOf(door, '', 'scrub')),
    await scrubOf('store', await openStoreOf(state, context)),
  ];
  if (second === undefined) return ofFirst;
  // A run of any deployment copies the whole store.
  const runs = await listRunsOf(door, '', 'replicate');
  return [
    ...ofFirst,
    replicaFinding(deployment, runs, { every: policy.replicate?.every ?? REPLICATE_EVERY, now }),
    await scrubOf('second store', openSecondByEnv(second, context.env)),
  ];
}

/** Pure. */
export function placeFinding(
  deployment: string,
  { first, second, isSameDevice }: { first: string; second: string | undefined; isSameDevice: boolean },
): Finding {
  const copies = `copies: the live system, ${first}${second === undefined ? '' : `, ${second}`}`;
  if (second === undefined)
    return warning(
      deployment,
      `${copies}; one loss of the store takes every backup`,
      'holdfast up --second-store FOLDER of another disk, or a bucket elsewhere',
    );
  if (isSameDevice)
    return warning(
      deployment,
      `${copies}; SAME DEVICE: both stores are on one disk`,
      'give the second store a disk of its own: holdfast up --second-store FOLDER; or a bucket',
    );
  if ([first, second].every((url) => url.startsWith('disk:')))
    return warning(
      deployment,
      `${copies}; both stores are disks of this host, and none is elsewhere`,
      'take a bucket for one of them: holdfast up --second-store s3://BUCKET?…',
    );
  return ok(deployment, copies);
}

/** Pure. */
export function replicaFinding(
  deployment: string,
  runs: readonly Pick<Run, 'state' | 'runId' | 'openedAt' | 'finishedAt'>[],
  { every, now }: { every: string; now: number },
): Finding {
  const again = `holdfast replicate ${deployment}`;
  const [last] = runs.filter(({ finishedAt }) => finishedAt !== '');
  if (last === undefined) return bad(deployment, 'nothing was ever copied to the second store', again);
  const ago = `${durationText(now - Date.parse(last.finishedAt))} ago`;
  if (last.state !== 'completed')
    return bad(
      deployment,
      `the last replication, ${ago}, ended as ${last.state}: it does not hold everything`,
      `holdfast runs show ${last.runId}; ${again}`,
    );
  // What came since it began is not in it.
  if (now - Date.parse(last.openedAt) > LATE * durationMs(every))
    return warning(deployment, `the second store holds what there was ${ago}`, again);
  return ok(deployment, `replicated ${ago}, whole`);
}

/** A scrub that failed found what could not be put back, or could not read a store. Pure. */
export function harmFindings(
  deployment: string,
  runs: readonly Pick<Run, 'state' | 'runId' | 'finishedAt'>[],
): readonly Finding[] {
  const last = runs.find(({ finishedAt }) => finishedAt !== '');
  if (last === undefined || last.state === 'completed' || last.state === 'cancelled') return [];
  return [
    bad(
      deployment,
      `the last scrub ended as ${last.state}, ${last.finishedAt}`,
      `holdfast runs show ${last.runId}; keep the stores as they are`,
    ),
  ];
}

/** Pure. */
export function scrubFinding(
  deployment: string,
  { store, lastAt, packs, packsTotal }: Scrubbed,
  { every, isDaily, now }: { every: string; isDaily: boolean; now: number },
): Finding {
  const share = packsTotal === 0 ? 100 : Math.min(100, Math.floor((packs / packsTotal) * 100));
  const last = lastAt === undefined ? 'never' : `${durationText(now - Date.parse(lastAt))} ago`;
  const said = `${store}: last scrub ${last}, ${share}% of its packs were read again within ${every}`;
  const isOnItsWay = isDaily && lastAt !== undefined && now - Date.parse(lastAt) < LATE * durationMs('1d');
  if (share === 100 || isOnItsWay) return ok(deployment, said);
  return warning(
    deployment,
    said,
    `policy: { scrub: { every: ${every} } } in the spec; now: holdfast scrub ${deployment} --all`,
  );
}

async function readScrubbed(name: string, store: ObjectStore, sinceMs: number): Promise<Scrubbed> {
  let packsTotal = 0;
  for await (const _ of store.list('packs/')) packsTotal += 1;
  let lastAt: string | undefined;
  let packs = 0;
  for await (const entry of scrubbedBack(store)) {
    lastAt ??= entry.at;
    if (packs >= packsTotal || Date.parse(entry.at) < sinceMs) break;
    packs += entry.packs;
  }
  return { store: name, lastAt, packs, packsTotal };
}
