import {
  discardRequest,
  pivotRequest,
  releaseRequest,
  stageRestoreRequest,
  type StagedDatabase,
} from '#libs/contracts/requests.ts';
import { stageName } from '#libs/contracts/stage.ts';
import { parseWith } from '#libs/contracts/step.ts';
import { isoTime } from '#libs/kernel/clock.ts';
import { HoldfastError } from '#libs/kernel/errors.ts';
import type { Json } from '#libs/kernel/json.ts';
import type { ServiceContract, StepContext, StepHandler } from '#libs/runtime/contract.ts';
import { keptName, planTakeover, sideName, sidePrefix } from '#services/db-snapshot/domain/names.ts';
import { nameOfStaged, ownPlace, planPivot, planUndo, stageOf } from '#services/db-snapshot/domain/switch.ts';
import type { Session, SimServer } from '../twins/database-server.ts';
import { preflight } from './preflight.ts';
import { statement, toil, type SitePorts } from './site.ts';
import { asJson, putSnapshot, readSnapshot } from './snapshots.ts';

/** A session of this step's own on the server, and how statements are sent over it. */
interface Acting {
  readonly server: SimServer;
  /** The living database's name. */
  readonly live: string;
  readonly context: StepContext;
  readonly ports: SitePorts;
  readonly session: Session;
  readonly send: <T>(run: (session: Session) => T) => Promise<T>;
}

/** A model of db-snapshot: its protocol with the real names and plans, on a server that is simulated. */
export const databaseContract: ServiceContract<SitePorts> = {
  service: 'db-snapshot',
  consumes: {
    TakeSnapshot: takeSnapshot,
    StageRestore: inSession(stageRestore),
    CloseDatabase: inSession((acting) => setDoor(acting, false)),
    OpenDatabase: inSession((acting) => setDoor(acting, true)),
    PivotRestore: inSession(pivot),
    UndoPivot: inSession(undo),
    DiscardStage: inSession(discard),
    ReleaseKept: inSession(release),
  },
  serves: { 'holdfast.component.v1.ComponentService': { preflight: { unary: preflight } } },
  publishes: [],
};

/**
 * As own-session.ts has it: the session first, then the question whether the step is still ours, then the end of the
 * earlier workers' sessions.
 */
function inSession(act: (acting: Acting, request: Json) => Promise<Json>): StepHandler<SitePorts> {
  return async (request, context, ports) => {
    const { server, name: live } = ports.site.requireOf(context.spec);
    const session = await statement(ports, context, () => server.connect(context.token));
    const send = <T>(run: (session: Session) => T) => statement(ports, context, () => run(session));
    try {
      await context.requireLatest();
      await send(() => server.endEarlier(session));
      return await act({ server, live, context, ports, session, send }, request);
    } finally {
      server.end(session);
    }
  };
}

async function takeSnapshot(_request: Json, context: StepContext, ports: SitePorts): Promise<Json> {
  const { server } = ports.site.requireOf(context.spec);
  const { runId, step, attempt, deployment } = context.command;
  const { mark, rows } = await statement(ports, context, () => ({
    mark: isoTime(ports.clock),
    rows: [...(server.live?.rows ?? [])],
  }));
  await context.publishEarly('mark', { mark, attempt });
  await toil(ports, context, 2_000);
  await toil(ports, context, 2_000);
  const content = Object.fromEntries(rows.map((row) => [row, row]));
  const where = { deployment, component: 'database', id: `${runId}.${step}.${attempt}` } as const;
  const { ref, packs } = await putSnapshot(ports.store, where, { mark, content });
  const facts = { extensions: [], serverMajor: 17, rowsByTable: {} };
  return asJson({ snapshot: ref, mark, leftOut: [], facts, packs, sourceBytes: 1, newBytes: 1 });
}

async function stageRestore(acting: Acting, request: Json): Promise<Json> {
  const { snapshot } = parseWith(stageRestoreRequest, request, 'StageRestore');
  const { server, live, context, ports, send } = acting;
  const { token } = context;
  const content = await readSnapshot(ports.store, snapshot);
  const side = sideName(live, token);
  const place = { side, prefix: sidePrefix(live, token.runId) };
  const present = await send((session) => server.list(session));
  for (const name of planTakeover(place, present.keys())) await send((session) => server.drop(name, session));
  const oid = await send((session) => server.create(side, session));
  const rows = Object.keys(content);
  const half = rows.length >> 1;
  for (const part of [rows.slice(0, half), rows.slice(half)]) {
    await toil(ports, context, 2_000);
    await send((session) => server.insert({ name: side, oid }, part, session));
  }
  return {
    component: 'database',
    stage: stageOf(stageName(token), oid),
    live,
    side,
    kept: keptName(live, token.runId),
    comment: null,
    adapted: { sessionsDropped: 0, held: [], incomplete: [] },
  } satisfies StagedDatabase;
}

/** Taking connections or not; one that is not there needs no door. */
async function setDoor({ server, live, send }: Acting, open: boolean): Promise<Json> {
  const present = await send((session) => server.list(session).has(live));
  if (present) await send((session) => server.allow(live, open, session));
  return { database: live, present };
}

async function pivot(acting: Acting, request: Json): Promise<Json> {
  const { server, send } = acting;
  const taken = await takeSide(acting, requireStaged(request));
  const plan = planPivot(taken, await send((session) => server.list(session)));
  return await rename(acting, plan.renames, taken.live);
}

/** The staged database, under the token of who acts from now on. */
async function takeSide(acting: Acting, staged: StagedDatabase): Promise<StagedDatabase> {
  const { server, context, send } = acting;
  const found = nameOfStaged(staged, await send((session) => server.list(session)));
  if (found === undefined || found === staged.live) return staged;
  const place = ownPlace(staged, context.token);
  planTakeover(place, [found]);
  const { side } = place;
  if (found !== side) await rename(acting, [{ from: found, to: side }], undefined);
  return { ...staged, side };
}

async function undo(acting: Acting, request: Json): Promise<Json> {
  const { server, context, send } = acting;
  const staged = requireStaged(request);
  const { side } = ownPlace(staged, context.token);
  const plan = planUndo({ ...staged, side }, await send((session) => server.list(session)));
  return await rename(acting, plan.renames, undefined);
}

async function rename(
  { server, send }: Acting,
  renames: readonly { readonly from: string; readonly to: string }[],
  opened: string | undefined,
): Promise<Json> {
  for (const { from } of renames) await send((session) => server.allow(from, false, session));
  await send((session) => server.rename(renames, opened, session));
  return { switched: renames.map(({ from, to }) => `${from} → ${to}`) };
}

async function discard(acting: Acting, request: Json): Promise<Json> {
  parseWith(discardRequest, request, 'DiscardStage');
  const { live, context } = acting;
  const prefix = sidePrefix(live, context.token.runId);
  return { removed: await dropAll(acting, (name) => name.startsWith(prefix)) };
}

async function release(acting: Acting, request: Json): Promise<Json> {
  const { states } = parseWith(releaseRequest, request, 'ReleaseKept');
  const isReleased = (name: string): boolean =>
    states.some(
      ({ ofRun, staged }) =>
        staged.component === 'database' &&
        (name === staged.kept || name === staged.side || name.startsWith(sidePrefix(staged.live, ofRun))),
    );
  return { removed: await dropAll(acting, isReleased) };
}

async function dropAll({ server, send }: Acting, isOne: (name: string) => boolean): Promise<string[]> {
  const names = [...(await send((session) => server.list(session))).keys()].filter(isOne);
  for (const name of names) await send((session) => server.drop(name, session));
  return names;
}

function requireStaged(request: Json): StagedDatabase {
  const { staged } = parseWith(pivotRequest, request, 'pivot');
  if (staged.component !== 'database') throw new HoldfastError('MESSAGE_MALFORMED', { verb: 'pivot' });
  return staged;
}
