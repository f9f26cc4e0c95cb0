import { setInterval as every } from 'node:timers/promises';
import type { Database } from '#libs/postgres/connect.ts';
import type { Sessions } from '#libs/postgres/sessions.ts';

const EVERY_MS = 1_000;

/** What pg_restore makes most of, and how the catalogue counts it. */
const MADE = {
  tables: `SELECT count(*)::int AS made FROM pg_class WHERE relkind IN ('r', 'p') AND oid > 16383`,
  indexesAndKeys: `SELECT (SELECT count(*)::int FROM pg_index WHERE indexrelid > 16383)
                        + (SELECT count(*)::int FROM pg_constraint WHERE contype = 'f') AS made`,
} as const;

interface Watching {
  readonly sessions: Sessions;
  readonly kind: keyof typeof MADE;
  /** How many there are when the work is done, beside those that are there when it begins. */
  readonly wanted: number;
  /** Of them, since it was last told. */
  readonly onShare: (share: number) => void;
}

/** The program says nothing on its way that could be told from a server's warnings; the catalogue does. */
export async function watchMade<T>(
  { sessions, kind, wanted, onShare }: Watching,
  work: () => Promise<T>,
): Promise<T> {
  const ask = () => sessions.use((session) => countMade(session, kind));
  let told = await ask();
  const ended = new AbortController();
  const watching = (async () => {
    for await (const _ of every(EVERY_MS, undefined, { signal: ended.signal })) {
      const made = await ask();
      onShare((made - told) / Math.max(wanted, made - told, 1));
      told = made;
    }
    // A session that is lost is told by the work, which cannot go on either; nothing else is lost here.
  })().catch(() => undefined);
  try {
    return await work();
  } finally {
    ended.abort();
    await watching;
  }
}

async function countMade(session: Database, kind: keyof typeof MADE): Promise<number> {
  const [row] = await session.query<{ made: number }>(MADE[kind]);
  return row!.made;
}
