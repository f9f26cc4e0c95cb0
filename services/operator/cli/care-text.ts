import type { HealOutcome, ScrubbedStore } from '#libs/contracts/care.ts';
import { bytesText, countText } from './text.ts';

/** Lines about what a run that looks after the store found, from its outcome. Pure. */
export function careText(outcome: Readonly<Record<string, unknown>>): readonly string[] {
  const {
    copied,
    bytes = 0,
    deleted,
    leftOut = [],
    leftOutCount = 0,
    stores,
    healed = [],
  } = outcome as Outcome;
  if (stores !== undefined) return scrubLines(stores, healed);
  if (copied === undefined) return [];
  return [
    `${countText(copied, 'object')} copied (${bytesText(bytes)})`,
    ...(deleted === undefined || deleted === 0
      ? []
      : [`${countText(deleted, 'object')} deleted, as in the first store`]),
    ...objectLines('not copied', leftOut, leftOutCount),
  ];
}

interface Outcome {
  readonly copied?: number;
  readonly bytes?: number;
  readonly deleted?: number;
  readonly leftOut?: readonly Named[];
  readonly leftOutCount?: number;
  readonly stores?: readonly ScrubbedStore[];
  readonly healed?: HealOutcome['healed'];
}

interface Named {
  readonly code: string;
  readonly object: string;
  readonly reason: string;
}

function scrubLines(stores: readonly ScrubbedStore[], healed: HealOutcome['healed']): readonly string[] {
  return [
    ...stores.map(
      ({ store, packs, bytes, records, damagedCount }) =>
        `${store} store: ${countText(packs, 'pack')} read (${bytesText(bytes)}), ${countText(records, 'other object')}, ${damagedCount} damaged`,
    ),
    ...healed.map(({ store, object }) => `put back in the ${store} store: ${object}`),
  ];
}

function objectLines(what: string, named: readonly Named[], count: number): readonly string[] {
  const more = count - named.length;
  return [
    ...named.map(({ code, object, reason }) => `${what}: ${object}, ${code}: ${reason}`),
    ...(more > 0 ? [`${what}: ${more} more`] : []),
  ];
}
