import {
  discardRequest,
  pivotRequest,
  releaseRequest,
  stageRestoreRequest,
  type StagedDatabase,
} from '#libs/contracts/requests.ts';
import { parseWith } from '#libs/contracts/step.ts';
import { isoTime } from '#libs/kernel/clock.ts';
import { HoldfastError } from '#libs/kernel/errors.ts';
import type { Json } from '#libs/kernel/json.ts';
import type { ServiceContract, StepContext, StepHandler } from '#libs/runtime/contract.ts';
import { keptName, planTakeover, sideName, sidePrefix } from '#services/db-snapshot/domain/names.ts';
import { planPivot, planUndo, stageOf } from '#services/db-snapshot/domain/switch.ts';
import type { SimServer } from '../twins/database-server.ts';
import { showToken } from '../twins/token.ts';
import { preflight } from './preflight.ts';
import { statement, toil, tokenOf, type SitePorts } from './site.ts';
import { asJson, putSnapshot, readSnapshot } from './snapshots.ts';

type Handler = StepHandler<SitePorts>;

/** A model of db-snapshot: its protocol with the real names and plans, on a server that is simulated. */
export const databaseContract: ServiceContract<SitePorts> = {
  service: 'db-snapshot',
  consumes: {
    TakeSnapshot: takeSnapshot(),
    StageRestore: stageRestore(),
    CloseDatabase: setDoor(false),
    OpenDatabase: setDoor(true),
    PivotRestore: pivot(),
    UndoPivot: undo(),
    DiscardStage: discard(),
    ReleaseKept: release(),
  },
  serves: { 'holdfast.component.v1.ComponentService': { preflight: { unary: preflight } } },
  publishes: [],
};

function takeSnapshot(): Handler {
  return async (_request, context, ports) => {
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
  };
}

function stageRestore(): Handler {
  return async (request, context, ports) => {
    const { snapshot } = parseWith(stageRestoreRequest, request, 'StageRestore');
    const { server, name: live } = ports.site.requireOf(context.spec);
    const token = tokenOf(context);
    const content = await readSnapshot(ports.store, snapshot);
    const side = sideName(live, context.command);
    const place = { side, prefix: sidePrefix(live, token.runId) };
    const present = await statement(ports, context, () => server.list());
    for (const name of planTakeover(place, present.keys()))
      await statement(ports, context, () => server.drop(name, token));
    const oid = await statement(ports, context, () => server.create(side, token));
    const rows = Object.keys(content);
    const half = rows.length >> 1;
    for (const part of [rows.slice(0, half), rows.slice(half)]) {
      await toil(ports, context, 2_000);
      await statement(ports, context, () => server.insert({ name: side, oid }, part, token));
    }
    const staged = {
      component: 'database',
      stage: stageOf(showToken(token), oid),
      live,
      side,
      kept: keptName(live, token.runId),
      adapted: { sessionsDropped: 0, held: [] },
    } satisfies StagedDatabase;
    return staged;
  };
}

/** Taking connections or not; one that is not there needs no door. */
function setDoor(open: boolean): Handler {
  return async (_request, context, ports) => {
    const { server, name } = ports.site.requireOf(context.spec);
    const present = await statement(ports, context, () => server.list().has(name));
    if (present) await statement(ports, context, () => server.allow(name, open, tokenOf(context)));
    return { database: name, present };
  };
}

function pivot(): Handler {
  return async (request, context, ports) => {
    const staged = requireStaged(request);
    const { server } = ports.site.requireOf(context.spec);
    const plan = planPivot(staged, await statement(ports, context, () => server.list()));
    return await rename(server, plan.renames, staged.live, context, ports);
  };
}

function undo(): Handler {
  return async (request, context, ports) => {
    const staged = requireStaged(request);
    const { server } = ports.site.requireOf(context.spec);
    const plan = planUndo(staged, await statement(ports, context, () => server.list()));
    return await rename(server, plan.renames, undefined, context, ports);
  };
}

async function rename(
  server: SimServer,
  renames: readonly { readonly from: string; readonly to: string }[],
  opened: string | undefined,
  context: StepContext,
  ports: SitePorts,
): Promise<Json> {
  const token = tokenOf(context);
  for (const { from } of renames) await statement(ports, context, () => server.allow(from, false, token));
  await statement(ports, context, () => server.rename(renames, opened, token));
  return { switched: renames.map(({ from, to }) => `${from} → ${to}`) };
}

function discard(): Handler {
  return async (request, context, ports) => {
    parseWith(discardRequest, request, 'DiscardStage');
    const { server, name } = ports.site.requireOf(context.spec);
    const token = tokenOf(context);
    const prefix = sidePrefix(name, token.runId);
    const present = await statement(ports, context, () => server.list());
    const own = [...present.keys()].filter((side) => side.startsWith(prefix));
    for (const side of own) await statement(ports, context, () => server.drop(side, token));
    return { removed: own };
  };
}

function release(): Handler {
  return async (request, context, ports) => {
    const { states } = parseWith(releaseRequest, request, 'ReleaseKept');
    const { server } = ports.site.requireOf(context.spec);
    const present = await statement(ports, context, () => server.list());
    const names = states.flatMap(({ staged }) =>
      staged.component === 'database' ? [staged.kept, staged.side] : [],
    );
    const own = names.filter((name) => present.has(name));
    for (const name of own) await statement(ports, context, () => server.drop(name, tokenOf(context)));
    return { removed: own };
  };
}

function requireStaged(request: Json): StagedDatabase {
  const { staged } = parseWith(pivotRequest, request, 'pivot');
  if (staged.component !== 'database') throw new HoldfastError('MESSAGE_MALFORMED', { verb: 'pivot' });
  return staged;
}
