import type { Spec } from '#libs/contracts/spec.ts';
import { ownVariables, pairOf, withName } from '#libs/contracts/spare.ts';
import type { StagedTrees } from '#libs/contracts/requests.ts';
import { atSite } from '#libs/contracts/sites.ts';
import { stagedTreePath } from '#libs/contracts/stage.ts';
import { envValues } from '#libs/kernel/env-values.ts';
import type { Json } from '#libs/kernel/json.ts';
import type { StepContext } from '#libs/runtime/contract.ts';
import { stageStep } from '#libs/trees/steps.ts';
import { configOf, envPathOf } from '../domain/component.ts';
import { override } from '../domain/override.ts';
import type { ConfigPorts } from '../ports.ts';

/** Writes the snapshot beside the live trees, see Trees.stage; env files then get the deployment's own variables. */
export async function onStageRestore(request: Json, context: StepContext, ports: ConfigPorts): Promise<Json> {
  const { site } = context.command;
  const staged = await stageStep(configOf(context.spec, site), request, context, ports);
  const here = atSite(context.spec, site);
  if (ownVariables(here).length > 0)
    await context.phase('override', () => overrideStaged(staged as unknown as StagedTrees, here, ports));
  return staged;
}

async function overrideStaged(
  { roots, stage }: StagedTrees,
  { config, database }: Spec,
  { envFiles, requireSecret }: ConfigPorts,
): Promise<void> {
  const values = new Map(
    Object.entries(config.set).map(([name, value]) => [
      name,
      typeof value === 'string' ? value : requireSecret(value).reveal(),
    ]),
  );
  const paths = roots
    .filter(({ name, absent }) => envPathOf(name) !== undefined && !absent)
    .map((root) => stagedTreePath(root, stage));
  const contents = await Promise.all(paths.map((path) => envFiles.require(path)));
  if (database.spare !== undefined) {
    const { envFile, variable } = database.spare;
    const { spare } = pairOf(database.spare, await envFiles.find(envFile));
    const own = values.get(variable) ?? contents.map((each) => envValues(each).get(variable)).find(Boolean);
    values.set(variable, withName(own ?? '', spare));
  }
  for (const [at, content] of override(contents, values).entries())
    await envFiles.replace(paths[at]!, content);
}
