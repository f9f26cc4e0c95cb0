import { VICTIMS } from './database-kill/struck-server.ts';
import { openTheatre, PHASES, type Case, type Phase, type Played } from './database-kill/theatre.ts';
import { seededOrder } from './pivot/seeded.ts';
import { counted } from './stack/counted.ts';

export interface DatabaseKillReport {
  readonly suite: 'database-kill';
  readonly seed: number;
  readonly cases: number;
  /** Different points that were hit. */
  readonly points: number;
  /** Points there are, in each phase. */
  readonly pointsOf: Readonly<Record<string, number>>;
  readonly victims: Readonly<Record<string, number>>;
  /** How the struck attempts ended. */
  readonly ends: Readonly<Record<string, number>>;
  readonly resentBytesMax: number;
  /** Where the server kept its memory, and where it lost it. */
  readonly rereadMax: { readonly kept: number; readonly lost: number };
  readonly forgottenMax: number;
  readonly foldersLeft: number;
  /** Cases in which something was found that must not be. */
  readonly wrong: number;
  readonly faults: readonly { readonly case: string; readonly found: string }[];
}

export interface DatabaseKillOptions {
  readonly seed: number;
  /** Dealt round over the phases; every point once when it is not given. */
  readonly cases?: number | undefined;
  readonly parts?: readonly string[];
  readonly onNote: (text: string) => void;
}

/**
 * A dump, load, proof, switch or switch back of one database stops at a named point, where the service, one of its
 * sessions or the server is killed; then the step is given again, as a coordinator would, to its end. Judged by content,
 * with psql and pg_dump, and by what was sent or read once more. The seed deals who dies where.
 */
export async function databaseKill(options: DatabaseKillOptions): Promise<DatabaseKillReport> {
  const { seed, cases: wanted = Infinity, parts = [], onNote } = options;
  const random = seededOrder(seed);
  await using theatre = await openTheatre();
  const { points } = theatre;
  const decks = (Object.keys(PHASES) as Phase[]).map((phase) => {
    const victims = random.deal(VICTIMS, points[phase].length);
    return random.shuffle(points[phase]).map((point, at): Case => ({ phase, point, victim: victims[at]! }));
  });
  const rounds = Array.from({ length: Math.max(...decks.map(({ length }) => length)) }, (_, at) =>
    decks.flatMap((deck) => deck.slice(at, at + 1)),
  );
  const fitting = rounds.flat().filter((each) => parts.every((part) => nameOf(each).includes(part)));
  const cases = fitting.slice(0, wanted);
  const played: (Case & Played)[] = [];
  for (const each of cases) {
    const found = await theatre.play(each);
    played.push({ ...each, ...found });
    onNote(`${played.length}/${cases.length} ${nameOf(each)}: ${found.wrong[0] ?? found.end}`);
  }
  const most = (numbers: readonly number[]) => Math.max(0, ...numbers);
  const isLost = ({ victim }: Case) => victim === 'server' || victim === 'backend';
  return {
    suite: 'database-kill',
    seed,
    cases: played.length,
    points: new Set(played.map(({ phase, point }) => `${phase} ${point}`)).size,
    pointsOf: Object.fromEntries(Object.entries(points).map(([phase, { length }]) => [phase, length])),
    victims: counted(played.map(({ victim }) => victim)),
    ends: counted(played.map(({ end }) => end)),
    resentBytesMax: most(played.map(({ resentBytes }) => resentBytes)),
    rereadMax: {
      kept: most(played.filter((each) => !isLost(each)).map(({ reread }) => reread)),
      lost: most(played.filter(isLost).map(({ reread }) => reread)),
    },
    forgottenMax: most(played.map(({ forgotten }) => forgotten)),
    foldersLeft: played.reduce((sum, { foldersLeft }) => sum + foldersLeft, 0),
    wrong: played.filter(({ wrong }) => wrong.length > 0).length,
    faults: played.flatMap(({ wrong, ...each }) =>
      wrong.length === 0 ? [] : [{ case: nameOf(each), found: wrong.join('; ') }],
    ),
  };
}

function nameOf({ phase, point, victim }: Case): string {
  return `${phase}: ${victim} at ${point}`;
}
