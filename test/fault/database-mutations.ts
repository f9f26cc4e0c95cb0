import { withDatabase } from '#libs/postgres/address.ts';
import { connectDatabase, type Database } from '#libs/postgres/connect.ts';
import { lookInto, type Anatomy } from './database-mutations/anatomy.ts';
import { askForRestore, sidesOf, type End } from './database-mutations/asked-restore.ts';
import { keepDatabase, type KeptDatabase } from './database-mutations/kept-database.ts';
import { fingerprint, lookAtWhole } from './database-mutations/look.ts';
import type { MutationOptions } from './database-mutations/options.ts';
import { Archives, type PeerReport } from './database-mutations/pg-dump.ts';
import { openServices } from './database-mutations/services.ts';
import { changeWithKey, UNSEEN, WITH_KEY } from './database-mutations/with-key.ts';
import { WITHOUT_KEY } from './database-mutations/without-key.ts';
import { seededOrder } from './pivot/seeded.ts';
import { copyOf, harm } from './repository-damage/harm.ts';

export interface MutationReport {
  readonly suite: 'database-mutations';
  readonly seed: number;
  readonly cases: number;
  /** How many cases are of each class. */
  readonly classes: Readonly<Record<string, number>>;
  /** Noticed before anything would have been switched. */
  readonly detected: number;
  /** Of these: before anything was made on the server, when a side database was there, by the comparison of the staged one. */
  readonly beforeDdl: number;
  readonly afterDdl: number;
  readonly byProof: number;
  readonly codes: Readonly<Record<string, number>>;
  /** The live database changed, or a restore was called good whose content differs. */
  readonly touched: number;
  readonly faults: readonly { readonly case: string; readonly found: string }[];
  /** Kinds with the key that nothing tells of: not among the cases. */
  readonly unseen: readonly string[];
  /** The same done to archives of pg_dump. */
  readonly pgDump: PeerReport;
}

/** With the key, or when the packs have been read, a database is staged: dearer, and so one of so many. */
const STAGED_EACH = 16;
/** For comparison, so many times less often. */
const PEER_EACH = 50;
const NOTE_EACH = 100;

type Moment = 'stored' | 'meanwhile' | 'with the key';
interface Kind {
  readonly name: string;
  readonly moment: Moment;
}

const KINDS: readonly Kind[] = [
  ...Object.keys(WITHOUT_KEY).map((name) => ({ name, moment: 'stored' as const })),
  ...Object.keys(WITHOUT_KEY)
    .filter((name) => WITHOUT_KEY[name]!.meanwhile)
    .map((name) => ({ name, moment: 'meanwhile' as const })),
  ...Object.keys(WITH_KEY).map((name) => ({ name, moment: 'with the key' as const })),
];
const nameOf = ({ name, moment }: Kind) => (moment === 'stored' ? name : `${name}, ${moment}`);

/** A stored backup of a database is mutated and its restore asked for: it must be refused, and the live database stay as it is. */
export async function databaseMutations(options: MutationOptions): Promise<MutationReport> {
  const { parts, seed, cases, onNote } = options;
  const random = seededOrder(seed);
  const kinds = KINDS.filter(
    (kind) => parts.length === 0 || parts.some((part) => nameOf(kind).includes(part)),
  );
  const [dear, cheap] = [kinds.filter(isDear), kinds.filter((kind) => !isDear(kind))];
  const dearCases = cheap.length === 0 ? cases : Math.min(cases, Math.ceil(cases / STAGED_EACH));
  const dealt = random.shuffle([...random.deal(dear, dearCases), ...random.deal(cheap, cases - dearCases)]);
  await using archives = await Archives.inFolder(options);
  await using kept = await keepDatabase(options, (live) => archives.dump(live));
  await using postgres = await connectDatabase(withDatabase(kept.url, 'postgres'));
  await using live = await connectDatabase(kept.url);
  const [older, newest] = kept.backups.slice(-2);
  const anatomy = await lookInto(kept.store, kept.identity, {
    deployment: kept.spec.deployment,
    backupId: newest!.backupId,
    olderId: older!.backupId,
  });
  const world = { kept, anatomy, postgres, live, was: await fingerprint(live), random };
  await requireGood(world);
  const played: (Played & { readonly case: string; readonly kind: Kind })[] = [];
  for (const [at, kind] of dealt.entries()) {
    played.push({ case: `${at} ${nameOf(kind)}`, kind, ...(await play(world, kind)) });
    if ((at + 1) % NOTE_EACH === 0) onNote(`${at + 1}/${dealt.length}`);
  }
  const unseen: string[] = [];
  for (const name of parts.length === 0 ? Object.keys(UNSEEN) : []) {
    const { end } = await play(world, { name, moment: 'with the key' });
    if (end.at === 'good') unseen.push(name);
  }
  const pgDump = await archives.mutate(kept, {
    random,
    cases: Math.ceil(dealt.length / PEER_EACH),
    postgres,
  });
  const count = (is: (each: Played) => boolean) => played.filter(is).length;
  return {
    suite: 'database-mutations',
    seed,
    cases: played.length,
    classes: countBy(played.map(({ kind }) => nameOf(kind))),
    detected: count(({ end }) => end.at !== 'good'),
    beforeDdl: count(({ end }) => end.at === 'refused'),
    afterDdl: count(({ end }) => end.at === 'late'),
    byProof: count(({ end }) => end.at === 'proof'),
    codes: countBy(played.map(({ end }) => end.code)),
    touched: count(({ touched }) => touched),
    faults: played
      .filter(({ wrong }) => wrong.length > 0)
      .map(({ case: name, wrong, end }) => ({ case: name, found: [...wrong, end.said].join('; ') })),
    unseen,
    pgDump,
  };
}

const isDear = ({ moment }: Kind) => moment !== 'stored';

interface World {
  readonly kept: KeptDatabase;
  readonly anatomy: Anatomy;
  /** A session of the server's own database. */
  readonly postgres: Database;
  readonly live: Database;
  readonly was: string;
  readonly random: ReturnType<typeof seededOrder>;
}

interface Played {
  readonly end: End;
  readonly touched: boolean;
  readonly wrong: readonly string[];
}

async function play(world: World, { name, moment }: Kind): Promise<Played> {
  const { kept, anatomy, postgres, live, was, random } = world;
  const store = await copyOf(kept.store);
  const harms = moment === 'with the key' ? [] : WITHOUT_KEY[name]!.draw(anatomy, random);
  if (moment === 'stored') await harm(store, harms);
  await using services = await openServices({ ...kept, store });
  if (moment === 'with the key') await changeWithKey(name, kept, { services, store, random });
  const end = await askForRestore(services, kept, {
    server: postgres,
    meanwhile: () => harm(store, harms),
  });
  const wrong = [];
  if (end.at === 'good') wrong.push('called good');
  if (end.code === 'INTERNAL') wrong.push('no code of its own');
  const isSame = (await fingerprint(live)) === was;
  if (!isSame) wrong.push('the live database changed');
  const isOther = end.at === 'good' && !(await isAsLive(kept, end.side!));
  if (isOther) wrong.push('its content differs');
  if (end.side !== undefined) await services.run('DiscardStage', {});
  if ((await sidesOf(postgres, kept)).length > 0) wrong.push('a side database is left');
  return { end, touched: !isSame || isOther, wrong };
}

/** Else nothing would be shown by a refusal. */
async function requireGood({ kept, postgres }: World): Promise<void> {
  await using services = await openServices({ ...kept, store: await copyOf(kept.store) });
  const end = await askForRestore(services, kept, { server: postgres, meanwhile: () => Promise.resolve() });
  if (end.at !== 'good' || !(await isAsLive(kept, end.side!)))
    throw new Error(`unharmed, it is not restored: ${end.said}`);
  await services.run('DiscardStage', {});
}

async function isAsLive({ url, pgBin }: KeptDatabase, side: string): Promise<boolean> {
  return (await lookAtWhole(withDatabase(url, side), pgBin)) === (await lookAtWhole(url, pgBin));
}

function countBy(names: readonly string[]): Readonly<Record<string, number>> {
  return Object.fromEntries(
    [...new Set(names)].toSorted().map((name) => [name, names.filter((each) => each === name).length]),
  );
}
