import { runHookRequest } from '#libs/contracts/requests.ts';
import { parseWith } from '#libs/contracts/step.ts';
import type { Json } from '#libs/kernel/json.ts';
import type { StepContext } from '#libs/runtime/contract.ts';
import type { ConfigPorts } from '../ports.ts';

/**
 * The deployment's own commands, in order; the first that fails ends it. Throws HOOK_FAILED. What a program does is beyond
 * our fences: it is told whose it is, so that it can refuse a lower epoch or claim than it has seen of the run.
 */
export async function onRunHook(
  request: Json,
  context: StepContext,
  { programs }: ConfigPorts,
): Promise<Json> {
  const { hook } = parseWith(runHookRequest, request, 'RunHook');
  const { spec, signal, token } = context;
  const { hooks } = spec;
  const own = [hooks, ...hooks.elsewhere].find(({ site }) => site === context.command.site);
  const commands = own?.[hook] ?? [];
  const env = {
    HOLDFAST_RUN: token.runId,
    HOLDFAST_EPOCH: String(token.epoch),
    HOLDFAST_CLAIM: String(token.claim),
  };
  for (const [index, command] of commands.entries()) {
    const onAlive = (): void => context.progress({ bytes: index, activity: `hook ${hook}: ${command[0]}` });
    await context.phase(`${hook} ${index + 1}`, async () => {
      await context.requireLatest();
      await programs.run(command, { cwd: spec.application?.root, env, signal, onAlive });
    });
  }
  return { hook, commands: commands.length };
}
