import { requirePurpose } from '#libs/contracts/purpose.ts';
import { problem, type Problem } from '#libs/kernel/errors.ts';
import type { CallContext } from '#libs/runtime/contract.ts';
import { examineRestore, type PreflightRequest } from '#libs/trees/preflight.ts';
import { unmatchedNow } from '#libs/trees/rewrite.ts';
import { filesOf } from '../domain/component.ts';
import type { FilePorts } from '../ports.ts';

/** Backup: the roots can be read. Restore: each place can take its root. Leaves nothing behind. */
export async function preflight(request: PreflightRequest, { signal }: CallContext, ports: FilePorts) {
  requirePurpose(request);
  const spec = await ports.specs.read(request, signal);
  const component = filesOf(spec, ports.site);
  const { roots } = component;
  if (request.purpose === 'PURPOSE_COVERAGE')
    return answerOf(await ports.trees.inspect(roots), { roots: await ports.trees.survey(roots, { signal }) });
  if (request.purpose !== 'PURPOSE_RESTORE')
    return answerOf(
      await ports.trees.inspect(roots),
      { roots: roots.map(({ name, path }) => ({ name, path })) },
      await unmatchedNow(roots, spec),
    );
  const met = await examineRestore(request, component, spec, { ...ports, signal });
  const emptied = met.places
    .filter(({ absent }) => absent)
    .map(({ name, path }) =>
      problem(
        'ROOT_MISSING',
        name,
        `${path} was not there when the backup was taken: what it holds now is put aside`,
        'look into it before the restore, and afterwards into the kept old state',
      ),
    );
  return answerOf(met.problems, met.facts, emptied);
}

function answerOf(problems: readonly Problem[], facts: object, warnings: readonly Problem[] = []) {
  return { problems, warnings, factsJson: JSON.stringify(facts) };
}
