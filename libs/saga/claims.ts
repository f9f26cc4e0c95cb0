import type { Token } from '#libs/contracts/stage.ts';
import type { StepCommand } from '#libs/contracts/step.ts';
import { HoldfastError } from '#libs/kernel/errors.ts';
import type { ObjectStore } from '#libs/store/port.ts';

/** `runs/<run>/claims/<n>.json`: who began to work on which command; create-only. */
interface Claim extends Pick<StepCommand, 'step' | 'attempt' | 'epoch' | 'service' | 'site'> {
  /** For people. */
  readonly worker: string;
}

/** A million beginnings of work sort as text; a run with more is a fault. */
const DIGITS = 6;

/** Takes the run's next free number, over all its steps: whoever begins later has a higher one. */
export async function claimWork(store: ObjectStore, command: StepCommand, worker: string): Promise<Token> {
  const { runId, step, attempt, epoch, service, site } = command;
  const claim = { step, attempt, epoch, service, site, worker } satisfies Claim;
  const names = (await Array.fromAsync(store.list(prefixOf(runId)))).map(({ name }) => name);
  for (let n = numberOf(names.at(-1) ?? nameOf(runId, 0)) + 1; ; n += 1) {
    try {
      await store.put(nameOf(runId, n), Buffer.from(JSON.stringify(claim)), { createOnly: true });
      return { runId, epoch, claim: n };
    } catch (error) {
      if (HoldfastError.from(error).code !== 'OBJECT_EXISTS') throw error;
    }
  }
}

/**
 * Did no other worker of this service and site begin with the run since? A run has one command at a time for each, so
 * whoever began later took over, or works on a step that comes after.
 */
export async function isLatestClaim(
  store: ObjectStore,
  { runId, epoch, claim }: Token,
  { service, site }: Pick<StepCommand, 'service' | 'site'>,
): Promise<boolean> {
  for await (const { name } of store.list(prefixOf(runId), { startAfter: nameOf(runId, claim) })) {
    const later = JSON.parse(Buffer.from(await store.get(name)).toString('utf8')) as Claim;
    // One of an older epoch is a late command's, whose worker finds that it is not awaited.
    if (later.service === service && later.site === site && later.epoch >= epoch) return false;
  }
  return true;
}

function prefixOf(runId: string): string {
  return `runs/${runId}/claims/`;
}

function nameOf(runId: string, n: number): string {
  return `${prefixOf(runId)}${String(n).padStart(DIGITS, '0')}.json`;
}

function numberOf(name: string): number {
  return Number(name.slice(-(DIGITS + '.json'.length), -'.json'.length));
}
