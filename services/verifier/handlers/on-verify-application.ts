import { verifyApplicationRequest, type Sandbox } from '#libs/contracts/sandbox.ts';
import type { Check, VerifyOutcome } from '#libs/contracts/requests.ts';
import { parseWith } from '#libs/contracts/step.ts';
import type { Json } from '#libs/kernel/json.ts';
import type { StepContext } from '#libs/runtime/contract.ts';
import { judgeApplication, type Judged } from '../domain/application-checks.ts';
import { certificates, requiredVariables } from '../domain/config-checks.ts';
import { requireAll } from '../domain/findings.ts';
import { recordVerdict } from '../domain/verdict.ts';
import type { VerifierPorts } from '../ports.ts';

/** The restored configuration (L4) and the restored application (L5). The verdict is kept before a failed check throws. */
export async function onVerifyApplication(
  request: Json,
  context: StepContext,
  ports: VerifierPorts,
): Promise<Json> {
  const { backupId, sandbox, earlier } = parseWith(verifyApplicationRequest, request, 'VerifyApplication');
  const config = await context.phase('configuration', () => lookAtConfig(sandbox, context, ports));
  const application = await context.phase('application', () => ask(sandbox, backupId, context, ports));
  const checks = [...earlier, ...config.checks, ...application.checks];
  const outcome: VerifyOutcome = {
    ok: checks.every(({ ok }) => ok),
    checks,
    notChecked: [...config.notChecked, ...application.notChecked],
    facts: { server: sandbox.serverVersion },
  };
  await recordVerdict(outcome, backupId, context, ports);
  requireAll('CHECK_FAILED', checks, []);
  return outcome as unknown as Json;
}

async function lookAtConfig(
  { places }: Sandbox,
  { spec, signal }: StepContext,
  { restoredTexts, clock }: VerifierPorts,
): Promise<Judged> {
  const read = async (paths: readonly string[]) => {
    const wanted = places.filter(({ from }) => paths.includes(from));
    const texts = wanted.map(({ to }) => Array.fromAsync(restoredTexts.read(to, signal)));
    return (await Promise.all(texts)).flat();
  };
  const envFiles = await read(spec.config.envFiles.map(({ path }) => path));
  const found = certificates(await read(spec.config.trees.map(({ path }) => path)), clock.now());
  const checks: readonly Check[] = [
    ...(spec.config.require.length > 0 ? [requiredVariables(spec.config.require, envFiles)] : []),
    ...(found === undefined ? [] : [found]),
  ];
  return {
    checks,
    notChecked: [
      ...(spec.config.require.length > 0 ? [] : ['required variables: config.require is empty']),
      ...(found === undefined ? ['certificates: none in config.trees'] : []),
    ],
  };
}

async function ask(
  sandbox: Sandbox,
  backupId: string,
  { spec, signal }: StepContext,
  { enclosure }: VerifierPorts,
): Promise<Judged> {
  const { application } = spec;
  const { socket } = sandbox;
  const notChecked = (reason: string) => ({
    checks: [],
    notChecked: [`the application itself (L5): ${reason}`],
  });
  if (application === undefined) return notChecked('the spec declares no application');
  if (socket === null)
    return notChecked('verify.postgres names a server, which no enclosed program can reach');
  const answer = await enclosure.ask({ spec, application, sandbox, socket, seed: backupId }, signal);
  return judgeApplication(spec, answer);
}
