import type { DatabaseFacts } from '#libs/contracts/database-snapshot.ts';
import type { PreflightRequest__Output } from '#libs/contracts/gen/holdfast/component/v1/PreflightRequest.ts';
import type { PreflightResponse } from '#libs/contracts/gen/holdfast/component/v1/PreflightResponse.ts';
import { requirePurpose } from '#libs/contracts/purpose.ts';
import { parseRelocation } from '#libs/contracts/relocation.ts';
import type { Spec } from '#libs/contracts/spec.ts';
import { HoldfastError, problem, type Problem } from '#libs/kernel/errors.ts';
import type { Json } from '#libs/kernel/json.ts';
import type { CallContext } from '#libs/runtime/contract.ts';
import { chooseTables, tellTables } from '../domain/choose-tables.ts';
import { compareMigrations, migrationWarnings } from '../domain/migrations.ts';
import { readGlobals, readSnapshotTables } from '../handlers/snapshot-streams.ts';
import type { DbSnapshotPorts, Examination } from '../ports.ts';

/** Can a backup, or a restore of this snapshot, work here? All problems at once; what cannot be asked is a problem too. */
export async function preflight(
  request: PreflightRequest__Output,
  { signal }: CallContext,
  ports: DbSnapshotPorts,
): Promise<PreflightResponse> {
  requirePurpose(request);
  const { problems, warnings, facts } = await examine(request, ports, signal).catch((thrown: unknown) => {
    // Whoever asked has left: that is no problem of the database.
    signal.throwIfAborted();
    return asProblem(thrown);
  });
  return { problems: [...problems], warnings: [...warnings], factsJson: JSON.stringify(facts) };
}

async function examine(
  request: PreflightRequest__Output,
  ports: DbSnapshotPorts,
  signal: AbortSignal,
): Promise<Examination> {
  const { specs, source, target, repository, code } = ports;
  const { snapshotDeployment: deployment, purpose, snapshotId, snapshotDigest } = request;
  const spec = await specs.read(request, signal);
  if (purpose === 'PURPOSE_BACKUP') return await source.examine(spec, signal);
  if (purpose === 'PURPOSE_COVERAGE') return await source.survey(spec, signal);
  if (snapshotId === '') return await target.examine(spec, undefined, signal);
  const snapshot = await repository.readSnapshot(
    {
      deployment,
      component: 'database',
      id: snapshotId,
      ...(snapshotDigest === '' ? {} : { digest: snapshotDigest }),
    },
    { signal },
  );
  const globals = await readGlobals(repository, snapshot, signal);
  const needs = { facts: snapshot.facts as unknown as DatabaseFacts, globals };
  const looked = await target.examine(spec, needs, signal);
  const relocation = parseRelocation(request.relocationJson);
  const elsewhere = relocation?.application === 'leave-alone';
  const problems = [
    ...looked.problems,
    ...(elsewhere
      ? taken(looked, relocation.database.url === undefined ? declaredName(spec, ports) : '')
      : []),
  ];
  const choice = relocation?.database.tables;
  if (choice !== undefined) {
    const chosen = chooseTables(await readSnapshotTables(snapshot, ports, signal), choice);
    return {
      problems: [...problems, ...chosen.problems],
      warnings: looked.warnings,
      facts: { ...(looked.facts as Record<string, Json>), tables: tellTables(chosen) },
    };
  }
  const migrations = compareMigrations(needs.facts, await code.migrations(spec));
  return {
    problems,
    warnings: [...migrationWarnings(migrations), ...looked.warnings],
    facts: { ...(looked.facts as Record<string, Json>), migrations: migrations as unknown as Json },
  };
}

/** What the address of the living system names, also while there is no such database. */
function declaredName(spec: Spec, { target }: DbSnapshotPorts): string {
  const { name: _, ...database } = spec.database;
  return target.liveName({ ...spec, database });
}

/** Side by side means that nothing gives way. */
function taken({ facts }: Examination, living: string): readonly Problem[] {
  const { database = 'database', liveDatabase } = facts as { database?: string; liveDatabase?: boolean };
  if (liveDatabase !== true && database !== living) return [];
  const whose =
    database === living
      ? 'this is the name of the live database'
      : 'there is a database of this name already';
  return [problem('DATABASE_SAME_TARGET', database, whose, 'name another one')];
}

function asProblem(thrown: unknown): Examination {
  const error = HoldfastError.from(thrown);
  const problems =
    error.problems.length > 0
      ? error.problems
      : [problem(error.code, 'database', error.message, error.remedy)];
  return { problems, warnings: [], facts: {} };
}
