import type { Secret } from '#libs/kernel/secret.ts';
import type { Gate, Standstill } from './gate.ts';

/** When the applications come. */
export const MOMENTS = [
  'before the locks',
  'holding their locks already',
  'right after the mark',
  'amid the rows',
  'near the end',
] as const;
export type Moment = (typeof MOMENTS)[number];
/** One at which a backup can be made to stand still. */
export type StandingMoment = Exclude<Moment, 'holding their locks already'>;

export interface Backup {
  /** The next one stands still there; `application` is the one amid whose rows it is. */
  standAt(moment: StandingMoment, application: string): Standstill;
  take(): Promise<Taken>;
}

/** A database as the backup has it; or the error with which it named why there is none. */
export type Taken =
  | {
      /** When it read the sequences. */
      readonly sequencesMs: number;
      readonly restore: () => Promise<Restored>;
    }
  | { readonly refused: string; readonly said: string; readonly tries: number };

export interface Restored extends AsyncDisposable {
  readonly url: Secret;
}

/** When something was last said on the way. */
export function lastSaid(gate: Gate, place: Parameters<Gate['watch']>[0]): () => number {
  let atMs = Number.NaN;
  gate.watch(place, () => {
    atMs = performance.now();
    return undefined;
  });
  return () => atMs;
}
