import type { StagedTrees } from '#libs/contracts/requests.ts';
import { atSite } from '#libs/contracts/sites.ts';
import { stagedTreePath } from '#libs/contracts/stage.ts';
import type { Json } from '#libs/kernel/json.ts';
import type { StepContext } from '#libs/runtime/contract.ts';
import { stageStep } from '#libs/trees/steps.ts';
import { configOf, envPathOf } from '../domain/component.ts';
import { override } from '../domain/override.ts';
import type { ConfigPorts } from '../ports.ts';

/** Writes the snapshot beside the live trees, see Trees.stage; env files then get the deployment's own variables. */
export async function onStageRestore(request: Json, context: StepContext, ports: ConfigPorts): Promise<Json> {
  const staged = await stageStep(configOf(context.spec, context.command.site), request, context, ports);
  const { set } = atSite(context.spec, context.command.site).config;
  if (Object.keys(set).length > 0)
    await context.phase('override', () => overrideStaged(staged as unknown as StagedTrees, set, ports));
  return staged;
}

async function overrideStaged(
  { roots, stage }: StagedTrees,
  set: StepContext['spec']['config']['set'],
  { envFiles, requireSecret }: ConfigPorts,
): Promise<void> {
  const values = new Map(
    Object.entries(set).map(([name, value]) => [
      name,
      typeof value === 'string' ? value : requireSecret(value).reveal(),
    ]),
  );
  const paths = roots
    .filter(({ name, absent }) => envPathOf(name) !== undefined && !absent)
    .map((root) => stagedTreePath(root, stage));
  const contents = await Promise.all(paths.map((path) => envFiles.require(path)));
  for (const [at, content] of override(contents, values).entries())
    await envFiles.replace(paths[at]!, content);
}
