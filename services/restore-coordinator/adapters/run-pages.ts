import pLimit from 'p-limit';
import { z } from 'zod';
import { jsonIfAny } from '#libs/kernel/json.ts';
import { HoldfastError } from '#libs/kernel/errors.ts';
import type { Logs } from '#libs/saga/logs.ts';
import { pageSizeOf } from '../domain/page.ts';
import type { PageRequest, RunPage } from '../ports.ts';

/** Where the page before ended: in each log it took runs from, and in time. */
const token = z.object({ at: z.string(), ends: z.record(z.string(), z.int().nonnegative()) });
type Token = z.infer<typeof token>;

interface ListedRun {
  readonly runId: string;
  readonly deployment: string;
  /** Number of the entry that opened it. */
  readonly n: number;
  readonly at: string;
}

/** Logs that are looked into at once; the store bounds its requests itself. */
const LOGS_AT_ONCE = 16;
/** Later than any time. */
const NOW = '~';

/**
 * A page of runs, newest first, read from the ends of the logs backwards. The token says where each log was left, so
 * that runs which are opened meanwhile neither repeat nor skip one. Throws MESSAGE_MALFORMED.
 */
export async function pageOfRuns(
  logs: Pick<Logs, 'history'>,
  deployments: readonly string[],
  request: PageRequest,
): Promise<RunPage> {
  const from = parseToken(request.pageToken);
  const heads = await openHeads(logs, deployments, from);
  // An opener that lost to another one leaves a second entry of the same run.
  const runIds = new Set<string>();
  let reached = from;
  let head = newestOf(heads);
  for (; head !== undefined && runIds.size < pageSizeOf(request); head = newestOf(heads)) {
    const { runId, deployment, n, at } = head.run;
    runIds.add(runId);
    reached = { at, ends: { ...reached.ends, [deployment]: n } };
    (head as Head).run = await nextOf(head.rest);
  }
  return { runIds: [...runIds], nextPageToken: head === undefined ? '' : encodeToken(reached) };
}

interface Head {
  /** The newest that was not taken yet. */
  run: ListedRun | undefined;
  readonly rest: AsyncIterator<ListedRun>;
}

function openHeads(
  logs: Pick<Logs, 'history'>,
  deployments: readonly string[],
  from: Token,
): Promise<readonly Head[]> {
  const limit = pLimit(LOGS_AT_ONCE);
  return limit.map(deployments, async (deployment) => {
    const rest = runsBack(logs, deployment, from)[Symbol.asyncIterator]();
    return { run: await nextOf(rest), rest };
  });
}

/** A log is in its order whatever the clock said: no entry is newer than the one after it. */
async function* runsBack(
  logs: Pick<Logs, 'history'>,
  deployment: string,
  from: Token,
): AsyncGenerator<ListedRun> {
  const end = from.ends[deployment];
  let atMost = end === undefined ? NOW : from.at;
  for await (const { n, at, event } of logs.history(deployment, end)) {
    if (at < atMost) atMost = at;
    // Of a log that the page before took nothing from: opened since.
    if (event.kind !== 'opened' || atMost > from.at) continue;
    yield { runId: event.runId, deployment, n, at: atMost };
  }
}

async function nextOf(rest: AsyncIterator<ListedRun>): Promise<ListedRun | undefined> {
  const { value, done } = await rest.next();
  return done === true ? undefined : value;
}

function newestOf(heads: readonly Head[]): (Head & { run: ListedRun }) | undefined {
  return heads
    .filter((head): head is Head & { run: ListedRun } => head.run !== undefined)
    .reduce<(Head & { run: ListedRun }) | undefined>(
      (newest, head) => (newest === undefined || head.run.at > newest.run.at ? head : newest),
      undefined,
    );
}

function parseToken(text: string): Token {
  if (text === '') return { at: NOW, ends: {} };
  const parsed = token.safeParse(jsonIfAny(Buffer.from(text, 'base64url')));
  if (!parsed.success) throw new HoldfastError('MESSAGE_MALFORMED', { field: 'page_token' });
  return parsed.data;
}

function encodeToken(reached: Token): string {
  return Buffer.from(JSON.stringify(reached)).toString('base64url');
}
