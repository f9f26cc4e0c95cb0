import { HoldfastError } from '#libs/kernel/errors.ts';
import { newIdentity, openRepository, type OpenedRepository } from '#libs/repository/open.ts';
import { seededOrder } from './pivot/seeded.ts';
import {
  CLASSES,
  drawHarm,
  HARMS,
  saysTheSame,
  withHarm,
  type Harm,
  type Harmed,
  type ObjectClass,
} from './repository-damage/harm.ts';
import { healing } from './repository-damage/healing.ts';
import { keepBackups, type Kept } from './repository-damage/kept-backups.ts';
import { comesBack, namedHarmed } from './repository-damage/look.ts';

export interface DamageReport {
  readonly suite: 'repository-damage';
  readonly seed: number;
  readonly cases: number;
  /** How many cases harmed an object of the class. */
  readonly classes: Readonly<Record<string, number>>;
  readonly harms: Readonly<Record<string, number>>;
  /** Backups that could not be whole any more, over all cases; those of them that were named. */
  readonly harmed: number;
  readonly found: number;
  /** Backups that were named and whole. */
  readonly falseAlarms: number;
  /** Cases in which a second store had what the object must be, and it has these bytes again. */
  readonly healed: number;
  /** Cases in which nothing proves what it must be, and it was left as it is. */
  readonly left: number;
  /** Cases in which the repository opened for reading alone, or not at all, as it must. */
  readonly readOnly: number;
  readonly refused: number;
  /** It opened as it must not, a whole backup did not come back, or other bytes came. */
  readonly wrong: number;
  readonly faults: readonly { readonly case: string; readonly found: string }[];
}

export interface DamageOptions {
  readonly parts: readonly string[];
  readonly seed: number;
  readonly cases: number;
  readonly onNote: (text: string) => void;
}

/** Then the backups are made anew. */
const CASES_EACH = 250;
const NOTE_EACH = 500;

/** One object of a store is harmed, and what the repository then says is compared with what was known before. */
export async function repositoryDamage({ parts, seed, cases, onNote }: DamageOptions): Promise<DamageReport> {
  const random = seededOrder(seed);
  const keys = { identity: await newIdentity(), recovery: await newIdentity() };
  const kinds = (Object.keys(CLASSES) as ObjectClass[])
    .flatMap((what) => HARMS.map((how) => ({ what, how })))
    .filter(({ what, how }) => parts.length === 0 || parts.some((part) => `${what} ${how}`.includes(part)));
  let kept = await keepBackups(random, keys);
  let other = await keepBackups(random, keys);
  const played: (Played & { readonly name: string; readonly what: ObjectClass; readonly how: Harm })[] = [];
  for (const [at, { what, how }] of random.deal(kinds, cases).entries()) {
    if (at > 0 && at % CASES_EACH === 0)
      [kept, other] = [await keepBackups(random, keys), await keepBackups(random, keys)];
    const harm = await drawHarm(random, { store: kept.store, other: other.store, what, how });
    const name = `${at} ${what} ${how} ${harm.name}`;
    played.push({ name, what, how, ...(await play(kept, { what, how, harm })) });
    if ((at + 1) % NOTE_EACH === 0) onNote(`${at + 1}/${cases}`);
  }
  const sum = (of: (each: Played) => number) => played.reduce((total, each) => total + of(each), 0);
  return {
    suite: 'repository-damage',
    seed,
    cases: played.length,
    classes: countBy(played.map(({ what }) => what)),
    harms: countBy(played.map(({ how }) => how)),
    harmed: sum(({ harmed }) => harmed),
    found: sum(({ found }) => found),
    falseAlarms: sum(({ falseAlarms }) => falseAlarms),
    healed: sum(({ healed }) => (healed === 'healed' ? 1 : 0)),
    left: sum(({ healed }) => (healed === 'left' ? 1 : 0)),
    readOnly: sum(({ end }) => (end === 'read-only' ? 1 : 0)),
    refused: sum(({ end }) => (end === 'refused' ? 1 : 0)),
    wrong: played.filter(({ wrong }) => wrong.length > 0).length,
    faults: played
      .filter(({ harmed, found, falseAlarms, wrong }) => found < harmed || falseAlarms + wrong.length > 0)
      .map(({ name, harmed, found, falseAlarms, wrong }) => ({
        case: name,
        found: [`${found} of ${harmed} named, ${falseAlarms} false`, ...wrong].join('; '),
      })),
  };
}

interface Played {
  readonly end: 'open' | 'read-only' | 'refused';
  readonly harmed: number;
  readonly found: number;
  readonly falseAlarms: number;
  /** Undefined where there was nothing to heal, or nobody to. */
  readonly healed?: 'healed' | 'left';
  readonly wrong: readonly string[];
}

async function play(
  kept: Kept,
  { what, how, harm }: { what: ObjectClass; how: Harm; harm: Harmed },
): Promise<Played> {
  const none = { harmed: 0, found: 0, falseAlarms: 0 };
  try {
    const store = withHarm(kept.store, harm);
    const isSame = saysTheSame(await kept.store.get(harm.name), harm.bytes);
    const repository = await open(kept, harm);
    const mustBe = isSame ? 'open' : endWith(what, how);
    const wrong: string[] = [];
    const end = endOf(repository);
    if (end !== mustBe) wrong.push(`${end} and not ${mustBe}`);
    if (repository instanceof HoldfastError)
      return { ...none, end, wrong: [...wrong, ...refusalOf(repository)] };
    const truth = isSame ? new Set<string>() : (kept.needs.get(harm.name) ?? new Set<string>());
    const named = await namedHarmed(store, repository);
    for (const backup of kept.backups) {
      const isHarmed = truth.has(`${backup.deployment}/${backup.backupId}`);
      if (!(await comesBack(repository, backup)) && !isHarmed)
        wrong.push(`${backup.backupId} does not come back`);
    }
    const found = truth.intersection(named).size;
    const played = { end, harmed: truth.size, found, falseAlarms: named.size - found };
    if (isSame) return { ...played, wrong };
    const healed = await healing(kept, { what, how, harmed: harm });
    if (healed === 'healed' || healed === 'left') return { ...played, healed, wrong };
    return { ...played, wrong: [...wrong, healed] };
  } catch (thrown) {
    return {
      ...none,
      end: 'refused',
      wrong: [thrown instanceof Error ? (thrown.stack ?? '') : String(thrown)],
    };
  }
}

/** With the key of every day, which has two slots, and so one that is whole. */
async function open({ store, identity }: Kept, harm: Harmed): Promise<OpenedRepository | HoldfastError> {
  try {
    return await openRepository({ store: withHarm(store, harm), identity });
  } catch (thrown) {
    return HoldfastError.from(thrown);
  }
}

/** Under which ring to write is not known without the list of recipients. */
function endWith(what: ObjectClass, how: Harm): Played['end'] {
  if (what === 'recipients') return how === 'missing' ? 'open' : 'read-only';
  if (what !== 'description') return 'open';
  return how === 'replaced' ? 'refused' : 'read-only';
}

function endOf(repository: OpenedRepository | HoldfastError): Played['end'] {
  if (repository instanceof HoldfastError) return 'refused';
  return repository.readOnly === undefined ? 'open' : 'read-only';
}

function refusalOf({ code }: HoldfastError): readonly string[] {
  return code === 'REPOSITORY_FOREIGN' ? [] : [`refused as ${code}`];
}

function countBy(names: readonly string[]): Readonly<Record<string, number>> {
  return Object.fromEntries(
    [...new Set(names)].toSorted().map((name) => [name, names.filter((each) => each === name).length]),
  );
}
