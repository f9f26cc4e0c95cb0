import type { Token } from '#libs/contracts/stage.ts';
import type { StepCommand } from '#libs/contracts/step.ts';
import { HoldfastError } from '#libs/kernel/errors.ts';
import { findBytes } from '#libs/store/objects.ts';
import type { ObjectStore } from '#libs/store/port.ts';
import { isNoEarlierThan } from './awaited.ts';
import type { JournalEntry } from './journal.ts';

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
 * Has a later claim taken the work over? One that the same service at the same site made for the same order or a later
 * one has: a run has one command at a time for each. Whoever was stopped before its claim makes it long after, for what
 * is done; that takes nothing from anybody. `entries` are the run's journal.
 */
export async function isTakenOver(
  store: ObjectStore,
  { runId, claim }: Token,
  command: StepCommand,
  entries: readonly JournalEntry[],
): Promise<boolean> {
  const { service, site, epoch } = command;
  for await (const later of claimsFrom(store, runId, claim + 1)) {
    // One of an older epoch is a late command's, whose worker finds that it is not awaited.
    if (later.service !== service || later.site !== site || later.epoch < epoch) continue;
    if (isNoEarlierThan(entries, later, command)) return true;
  }
  return false;
}

/** Has any worker begun with this attempt? */
export async function isClaimed(
  store: ObjectStore,
  { runId, step, attempt }: Pick<StepCommand, 'runId' | 'step' | 'attempt'>,
): Promise<boolean> {
  for await (const claim of claimsFrom(store, runId, 1))
    if (claim.step === step && claim.attempt === attempt) return true;
  return false;
}

/** By their names, which are numbered without a gap: a listing may be late. */
async function* claimsFrom(store: ObjectStore, runId: string, first: number): AsyncIterable<Claim> {
  for (let n = first; ; n += 1) {
    const bytes = await findBytes(store, nameOf(runId, n));
    if (bytes === undefined) return;
    yield JSON.parse(bytes.toString('utf8')) as Claim;
  }
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
