import { compareTokens, type Token } from '#libs/contracts/stage.ts';
import { HoldfastError } from '#libs/kernel/errors.ts';

const NAME_BYTES_MAX = 63;
const RUN_CHARACTERS = 8;

/** Every side database of a run, whatever epoch and claim, begins with this. */
export function sidePrefix(live: string, runId: string): string {
  return `${cutName(live, '_side_00000000_9999999_9999')}_side_${runId.slice(0, RUN_CHARACTERS)}_`;
}

/** The name is the fence: whoever was taken over finds its database gone. */
export function sideName(live: string, { runId, epoch, claim }: Token): string {
  return `${sidePrefix(live, runId)}${epoch}_${claim}`;
}

/**
 * Side databases of the run that this one takes the place of: those of a lower token. A command may come again long
 * after it was taken over. Throws STAGE_GONE when a later one is there.
 */
export function planTakeover(
  { side, prefix }: { readonly side: string; readonly prefix: string },
  present: Iterable<string>,
): readonly string[] {
  const ours = [...present].filter((name) => name.startsWith(prefix));
  const later = ours.find((name) => isLater(name.slice(prefix.length), side.slice(prefix.length)));
  if (later !== undefined) throw new HoldfastError('STAGE_GONE', { database: side, later });
  return ours;
}

/** Of side databases of one run the one with the highest token. Pure. */
export function latestOf(prefix: string, names: readonly string[]): string | undefined {
  return names.toSorted((a, b) => (isLater(a.slice(prefix.length), b.slice(prefix.length)) ? -1 : 1))[0];
}

function isLater(a: string, b: string): boolean {
  return compareTokens(tokenOf(a), tokenOf(b)) > 0;
}

function tokenOf(rest: string): Omit<Token, 'runId'> {
  const [epoch = 0, claim = 0] = rest.split('_').map(Number);
  return { epoch, claim };
}

export function keptName(live: string, runId: string): string {
  const suffix = `_kept_${runId.slice(0, RUN_CHARACTERS)}`;
  return `${cutName(live, suffix)}${suffix}`;
}

/** Databases among `names` that restores of this one left as its old state. */
export function keptNames(live: string, names: readonly string[]): readonly string[] {
  return names.filter((name) => {
    const run = /_kept_([0-9a-f]{8})$/.exec(name)?.[1];
    return run !== undefined && name === keptName(live, run);
  });
}

/** Whole characters only; the server would cut a longer name by itself, without a word. */
function cutName(live: string, suffix: string): string {
  let cut = live;
  while (bytesOf(cut) + bytesOf(suffix) > NAME_BYTES_MAX) cut = Array.from(cut).slice(0, -1).join('');
  return cut;
}

function bytesOf(text: string): number {
  return new TextEncoder().encode(text).length;
}
