import { atSite } from '#libs/contracts/sites.ts';
import type { ConfigFacts } from '#libs/contracts/tree-snapshot.ts';
import type { Json } from '#libs/kernel/json.ts';
import type { StepContext } from '#libs/runtime/contract.ts';
import type { CapturedFacts } from '#libs/trees/port.ts';
import { takeStep } from '#libs/trees/steps.ts';
import { configOf } from '../domain/component.ts';
import { ConfigBook } from '../domain/config-book.ts';
import type { ConfigPorts } from '../ports.ts';

/** Env files and trees byte for byte; what they hold is noted as it passes, without any value. */
export function onTakeSnapshot(request: Json, context: StepContext, ports: ConfigPorts): Promise<Json> {
  const { config, runtime } = atSite(context.spec, context.command.site);
  const book = new ConfigBook((value) => ports.vault.fingerprint(value));
  const factsOf = async ({ roots }: CapturedFacts): Promise<ConfigFacts> => ({
    roots,
    ...book.facts(config.require),
    runtime: await ports.programs.look(runtime.require, context.signal),
  });
  const own = {
    leftOut: [],
    factsOf,
    onSmallFile: (file: Parameters<ConfigBook['add']>[0]) => book.add(file),
  };
  return takeStep(configOf(context.spec, context.command.site), own, request, context, ports);
}
