import { requirePurpose } from '#libs/contracts/purpose.ts';
import { atSite } from '#libs/contracts/sites.ts';
import { ownVariables } from '#libs/contracts/spare.ts';
import type { Spec } from '#libs/contracts/spec.ts';
import type { ConfigFacts } from '#libs/contracts/tree-snapshot.ts';
import { HoldfastError, problem, type Problem } from '#libs/kernel/errors.ts';
import type { CallContext } from '#libs/runtime/contract.ts';
import { examineRestore, type PreflightRequest } from '#libs/trees/preflight.ts';
import { unmatchedNow } from '#libs/trees/rewrite.ts';
import { configOf } from '../domain/component.ts';
import { ConfigBook } from '../domain/config-book.ts';
import { envValues } from '#libs/kernel/env-values.ts';
import { diffVariables } from '../domain/override.ts';
import { missingInSnapshot, missingNow, missingPrograms } from '../domain/variables.ts';
import type { ConfigPorts } from '../ports.ts';

/** Backup: what is declared can be read. Restore: places can take it, and nothing that is needed would be missing. */
export async function preflight(request: PreflightRequest, { signal }: CallContext, ports: ConfigPorts) {
  requirePurpose(request);
  const spec = atSite(await ports.specs.read(request, signal), ports.site);
  if (request.purpose === 'PURPOSE_COVERAGE') return survey(spec, ports, signal);
  return request.purpose === 'PURPOSE_RESTORE'
    ? preflightRestore(request, spec, ports, signal)
    : preflightBackup(spec, ports, signal);
}

/** What a config snapshot would say now. */
async function survey(spec: Spec, { site, trees, vault, programs }: ConfigPorts, signal: AbortSignal) {
  const book = new ConfigBook((value) => vault.fingerprint(value));
  const { roots } = configOf(spec, site);
  const live = await trees.survey(roots, { signal, onSmallFile: (file) => book.add(file) });
  const facts = {
    roots: live,
    ...book.facts(spec.config.require),
    runtime: await programs.look(spec.runtime.require, signal),
  };
  return { problems: await trees.inspect(roots), warnings: [], factsJson: JSON.stringify(facts) };
}

async function preflightBackup(
  spec: Spec,
  { site, trees, envFiles, programs }: ConfigPorts,
  signal: AbortSignal,
) {
  const files = await Promise.all(spec.config.envFiles.map(({ path }) => envFiles.find(path)));
  const { roots } = configOf(spec, site);
  const readable = files.filter((file) => file !== undefined);
  return {
    problems: [...(await trees.inspect(roots)), ...(await tooLarge(spec, envFiles))],
    warnings: [...missingNow(spec.config.require, readable), ...(await unmatchedNow(roots, spec))],
    factsJson: JSON.stringify({ runtime: await programs.look(spec.runtime.require, signal) }),
  };
}

async function tooLarge({ config }: Spec, envFiles: ConfigPorts['envFiles']): Promise<readonly Problem[]> {
  const large = await Promise.all(config.envFiles.map(({ path }) => envFiles.isTooLarge(path)));
  return config.envFiles
    .filter((_, at) => large[at])
    .map(({ path }) =>
      problem('ENV_FILE_TOO_LARGE', path, `${path} is too large for its variables to be read`),
    );
}

async function preflightRestore(
  request: PreflightRequest,
  spec: Spec,
  ports: ConfigPorts,
  signal: AbortSignal,
) {
  const { programs, site } = ports;
  const met = await examineRestore(request, configOf(spec, site), spec, { ...ports, signal });
  const facts = met.snapshot.facts as unknown as ConfigFacts;
  const runtime = await programs.look(
    facts.runtime.map(({ name }) => name),
    signal,
  );
  return {
    problems: [
      ...met.problems,
      ...missingInSnapshot(spec.config.require, facts, new Set(ownVariables(spec))),
      ...unresolved(spec, ports),
    ],
    warnings: [
      ...missingPrograms(facts.runtime, runtime),
      ...namingTheSource(spec, request.snapshotDeployment, facts),
    ],
    factsJson: JSON.stringify({
      ...met.facts,
      runtime,
      variables: diffVariables(spec, facts, await readNow(spec, ports)),
    }),
  };
}

/** Without a value of its own a copy works on what the original works on. */
function namingTheSource(spec: Spec, source: string, facts: ConfigFacts): readonly Problem[] {
  const adapted = ownVariables(spec).length > 0 || spec.config.rewrite.length > 0;
  if (source === spec.deployment || adapted || facts.values.length === 0) return [];
  return [
    problem(
      'VARIABLE_MISSING',
      'config.set',
      `nothing is set: the env files will name the servers and databases of ${source}`,
      `declare config.set (and config.rewrite) in the spec of ${spec.deployment} before the application starts there`,
    ),
  ];
}

/** Fingerprints of what the target's env files set now, by name. */
async function readNow(spec: Spec, { envFiles, vault }: ConfigPorts): Promise<ReadonlyMap<string, string>> {
  const files = await Promise.all(spec.config.envFiles.map(({ path }) => envFiles.find(path)));
  return new Map(
    files
      .filter((file) => file !== undefined)
      .flatMap((file) => [...envValues(file)].map(([name, value]) => [name, vault.fingerprint(value)])),
  );
}

/** Own variables whose value is a secret that nobody knows here. */
function unresolved(spec: Spec, { requireSecret }: ConfigPorts): readonly Problem[] {
  return Object.entries(spec.config.set).flatMap(([name, value]) => {
    if (typeof value === 'string') return [];
    try {
      requireSecret(value);
      return [];
    } catch (thrown) {
      const { code, message, remedy } = HoldfastError.from(thrown);
      return [problem(code, `config.set ${name}`, message, remedy)];
    }
  });
}
