import { checkLiveRequest, type Check, type VerifyOutcome } from '#libs/contracts/requests.ts';
import { parseWith } from '#libs/contracts/step.ts';
import type { Json } from '#libs/kernel/json.ts';
import type { StepContext } from '#libs/runtime/contract.ts';
import { requireAll } from '../domain/findings.ts';
import { reconcileLiving, rootsElsewhere } from '../domain/living-files.ts';
import { lookAt } from '../domain/look-at.ts';
import type { VerifierPorts } from '../ports.ts';

/** After the switch: `restored` looks at what is live now, before the application starts; `serving` asks the application. */
export async function onCheckLive(request: Json, context: StepContext, ports: VerifierPorts): Promise<Json> {
  const { phase, snapshots, staged } = parseWith(checkLiveRequest, request, 'CheckLive');
  return phase === 'serving'
    ? checkServing(context, ports)
    : checkRestored({ snapshots, staged, place: 'live', digests: false }, context, ports);
}

async function checkRestored(
  looking: Parameters<typeof lookAt>[0],
  context: StepContext,
  ports: VerifierPorts,
): Promise<Json> {
  const seen = await lookAt(looking, context, ports);
  requireAll('CHECK_FAILED', seen.checks, seen.problems);
  const { snapshots } = looking;
  const database = snapshots.find(({ component }) => component === 'database');
  // The database alone went back in time: what that means for the files is said, and is no failure.
  const alone = database !== undefined && !snapshots.some(({ component }) => component === 'files');
  return {
    ok: true,
    checks: [...seen.checks],
    notChecked: alone ? [...rootsElsewhere(context)].map(unseen) : [],
    facts: alone
      ? {
          reconciliation: await context.phase('reconcile', () => reconcileLiving(database, context, ports)),
        }
      : {},
  } satisfies VerifyOutcome as unknown as Json;
}

function unseen(root: string): string {
  return `rows and files of ${root}: it is at another site`;
}

async function checkServing(context: StepContext, { application }: VerifierPorts): Promise<Json> {
  const checks: Check[] = [];
  for (const check of context.spec.checks) {
    if (!('http' in check)) continue;
    const { name, http } = check;
    const status = await application.statusOf(http.url, context.signal);
    checks.push({
      name,
      level: 5,
      ok: status === http.status,
      detail: `${http.url} answered ${status === 0 ? 'nothing' : status}, wanted ${http.status}`,
    });
  }
  requireAll('CHECK_FAILED', checks, []);
  const notChecked = checks.length === 0 ? ['the application: the spec declares no checks'] : [];
  return { ok: true, checks, notChecked, facts: {} } satisfies VerifyOutcome as unknown as Json;
}
