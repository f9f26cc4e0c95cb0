#!/usr/bin/env node
import type { StepCommand, Verb } from '#libs/contracts/step.ts';
import { parseSpec, type Spec } from '#libs/contracts/spec.ts';
import { systemClock } from '#libs/kernel/clock.ts';
import { HoldfastError } from '#libs/kernel/errors.ts';
import type { Json } from '#libs/kernel/json.ts';
import { Secret } from '#libs/kernel/secret.ts';
import { openRepository } from '#libs/repository/open.ts';
import type { StepContext } from '#libs/runtime/contract.ts';
import { claimWork, isTakenOver } from '#libs/saga/claims.ts';
import { diskStore } from '#libs/store/disk.ts';
import { silentLog } from '#libs/telemetry/log.ts';
import { Points, tell } from './stopping.ts';
import { watchedProofs, watchedSnapshots, watchedStore, watchPrograms, watchStatements } from './watched.ts';

/** Steps of one run, done by the services as they are built in production; what they pass and how they end is told. */
export interface Order {
  readonly storeFolder: string;
  readonly identity: string;
  readonly url: string;
  readonly pgBin: string;
  readonly spec: string;
  readonly runId: string;
  readonly verbs: readonly Verb[];
  /** Of the first verb; those after it are at their first. */
  readonly attempt: number;
  /** What earlier steps gave. */
  readonly known: Known;
  readonly stop?: string;
}
export interface Known {
  readonly snapshot?: Json;
  readonly staged?: Json;
}

const order = JSON.parse(process.argv[2] ?? '') as Order;
const points = new Points(order.stop);
watchStatements(points);
watchPrograms(points);
const [snapshots, verifier] = await Promise.all([
  Promise.all([import('#services/db-snapshot/contract.ts'), import('#services/db-snapshot/service.ts')]),
  Promise.all([import('#services/verifier/contract.ts'), import('#services/verifier/service.ts')]),
]);
const store = watchedStore(diskStore(order.storeFolder), points);
const spec = parseSpec(order.spec) as Spec;
const host = {
  site: 'local',
  store,
  repository: await openRepository({ store, identity: new Secret(order.identity) }),
  clock: systemClock,
  log: silentLog,
  requireSecret: () => new Secret(order.url),
  pgBin: order.pgBin,
  instance: 'test',
  takeoverMs: 8000,
};

let known = order.known;
for (const [at, verb] of order.verbs.entries()) {
  try {
    const outcome = await act(verb, at === 0 ? order.attempt : 1);
    if (verb === 'TakeSnapshot') known = { ...known, snapshot: (outcome as { snapshot: Json }).snapshot };
    if (verb === 'StageRestore') known = { ...known, staged: outcome };
    tell({ kind: 'done', verb, outcome });
  } catch (thrown) {
    const { code, entry, message, details } = HoldfastError.from(thrown);
    const text = `${message} ${JSON.stringify(details)}`;
    tell({ kind: 'failed', verb, code, isPassing: entry.retry === 'transient', text });
    break;
  }
}

async function act(verb: Verb, attempt: number): Promise<Json> {
  const service = verb === 'VerifyStaged' ? 'verifier' : 'db-snapshot';
  const command = {
    runId: order.runId,
    deployment: spec.deployment,
    step: verb,
    attempt,
    epoch: 1,
    service,
    site: 'local',
    verb,
  } as StepCommand;
  const token = await claimWork(store, command, 'test');
  const context: StepContext = {
    command,
    token,
    async requireLatest() {
      if (await isTakenOver(store, token, command, [])) throw new HoldfastError('STAGE_GONE', {});
    },
    spec,
    signal: new AbortController().signal,
    log: silentLog,
    progress: () => {},
    phase: (_, work) => work(),
    publishEarly: async () => {},
  };
  const request = requestOf(verb);
  if (service === 'verifier') {
    const [{ contract }, { buildService }] = verifier;
    await using built = await buildService({ ...host, service });
    return await contract.consumes[verb]!(request, context, watchedProofs(built.ports, points));
  }
  const [{ contract }, { buildService }] = snapshots;
  await using built = await buildService({ ...host, service: 'db-snapshot' });
  return await contract.consumes[verb]!(request, context, watchedSnapshots(built.ports, points));
}

function requestOf(verb: Verb): Json {
  const { snapshot = null, staged = null } = known;
  if (verb === 'StageRestore') return { snapshot };
  if (verb === 'VerifyStaged')
    return { backupId: '20260101T000000Z-00000000', snapshots: [snapshot], staged: [staged] };
  if (verb === 'PivotRestore' || verb === 'UndoPivot') return { staged };
  return {};
}
