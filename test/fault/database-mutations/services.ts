import { randomBytes } from 'node:crypto';
import type { SnapshotRef, TakeSnapshotOutcome } from '#libs/contracts/requests.ts';
import type { ServiceName } from '#libs/contracts/services.ts';
import type { Spec } from '#libs/contracts/spec.ts';
import type { StepCommand, Verb } from '#libs/contracts/step.ts';
import { systemClock } from '#libs/kernel/clock.ts';
import type { Json } from '#libs/kernel/json.ts';
import type { Secret } from '#libs/kernel/secret.ts';
import { openRepository } from '#libs/repository/open.ts';
import type { ServiceContract, StepContext } from '#libs/runtime/contract.ts';
import { claimWork } from '#libs/saga/claims.ts';
import type { ObjectStore } from '#libs/store/port.ts';
import { silentLog } from '#libs/telemetry/log.ts';
import { contract as databaseContract } from '#services/db-snapshot/contract.ts';
import { buildService as buildDatabase } from '#services/db-snapshot/service.ts';
import { manifestsOf } from '#services/restore-coordinator/fixtures/manifest.ts';
import { contract as verifierContract } from '#services/verifier/contract.ts';
import { buildService as buildVerifier } from '#services/verifier/service.ts';

/** db-snapshot and verifier as built in production, on one store; commands go straight in, as one run's. */
export async function openServices({
  spec,
  store,
  identity,
  url,
  pgBin,
}: {
  readonly spec: Spec;
  readonly store: ObjectStore;
  readonly identity: Secret;
  readonly url: Secret;
  readonly pgBin: string;
}) {
  await using owned = new AsyncDisposableStack();
  const repository = await openRepository({ store, identity });
  const host = {
    site: 'local',
    store,
    repository,
    clock: systemClock,
    log: silentLog,
    requireSecret: () => url,
    pgBin,
    instance: 'test',
    takeoverMs: 8000,
  };
  const database = owned.use(await buildDatabase({ ...host, service: 'db-snapshot' }));
  const verifier = owned.use(await buildVerifier({ ...host, service: 'verifier' }));
  const runId = randomBytes(16).toString('hex');
  const { manifests, commit } = manifestsOf(spec.deployment, store, repository);

  async function runIn<Ports>(
    { service, consumes }: ServiceContract<Ports>,
    { ports }: { readonly ports: Ports },
    [verb, request]: readonly [Verb, Json],
  ): Promise<Json> {
    const command = commandOf(service, verb);
    const context: StepContext = {
      command,
      token: await claimWork(store, command, 'test'),
      requireLatest: () => Promise.resolve(),
      spec,
      signal: new AbortController().signal,
      log: silentLog,
      progress: () => {},
      phase: (_, work) => work(),
      publishEarly: () => Promise.resolve(),
    };
    return await consumes[verb]!(request, context, ports);
  }

  /** A step for each verb; the run's id tells two snapshots of this deployment apart. */
  let steps = 0;
  const commandOf = (service: ServiceName, verb: Verb) =>
    ({
      runId,
      deployment: spec.deployment,
      step: `${verb.toLowerCase()}-${(steps += 1)}`,
      attempt: 1,
      epoch: 1,
      service,
      site: 'local',
      verb,
    }) as StepCommand;

  const services = owned.move();
  return {
    repository,
    manifests,
    run: (verb: Verb, request: Json): Promise<Json> =>
      verb in databaseContract.consumes
        ? runIn(databaseContract, database, [verb, request])
        : runIn(verifierContract, verifier, [verb, request]),
    commit(backupId: string, { snapshot, ...taken }: Committed): Promise<void> {
      const { component, id, digest } = snapshot;
      const entry = { sourceBytes: 0, newBytes: 0, packs: [], facts: {}, ...taken, component, id, digest };
      return commit(backupId, ['database'], { snapshots: [entry] });
    },
    [Symbol.asyncDispose]: () => services.disposeAsync(),
  };
}

type Committed = { readonly snapshot: SnapshotRef } & Partial<
  Pick<TakeSnapshotOutcome, 'sourceBytes' | 'newBytes' | 'packs' | 'facts'>
>;

export type Services = Awaited<ReturnType<typeof openServices>>;
