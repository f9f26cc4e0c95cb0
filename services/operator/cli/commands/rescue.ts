import { resolve } from 'node:path';
import { EXIT } from '#libs/kernel/catalogue.ts';
import { HoldfastError } from '#libs/kernel/errors.ts';
import type { Answer, Context, Input, LeafCommand } from '../command.ts';
import { completenessText } from '../components.ts';
import { frontDoorOf, type FrontDoor, type Run } from '../front-door.ts';
import { approve, planAnswer } from '../restore-plan.ts';
import { randomUUID } from 'node:crypto';
import { listStored } from '../rescue/list-stored.ts';
import { openRescue, type RescueHost } from '../rescue/open-rescue.ts';
import { composeRescue } from '../rescue/compose.ts';
import { parseSettings } from '../rescue/settings.ts';
import { storeUrlOf } from '../store-choice.ts';
import { table } from '../text.ts';
import { watchRun } from '../watch-run.ts';

export const rescue: LeafCommand = {
  name: 'rescue',
  summary: 'restore with nothing but this program, the store and a key: no stack, no services',
  options: [
    ['--store <where>', 'a folder, disk:/FOLDER or s3://BUCKET?endpoint=…&region=…'],
    ['--key <file>', 'identity or recovery key (age)'],
    ['--deployment <name>', 'which one to restore'],
    ['--backup <id>', 'a backup id, or latest (the default)'],
    ['--list', 'only show what the store holds'],
    ['--plan', 'only show what would be done, and every problem'],
    ['--yes', 'do not ask'],
    ['--env-file <file>', 'NAME=value lines: the secrets that the spec names'],
    ['--set-env <name=value>', 'one of them here, where others can see it in the list of processes', 'many'],
  ],
  examples: [
    'node holdfast.mjs rescue --store /mnt/store --key recovery-key.txt --list',
    'node holdfast.mjs rescue --store /mnt/store --key recovery-key.txt --deployment records-eu --env-file secrets.env --plan',
    'node holdfast.mjs rescue --store /mnt/store --key recovery-key.txt --deployment records-eu --env-file secrets.env',
  ],
  async act(input, context) {
    const { cwd } = context;
    const settings = parseSettings(input.list('setEnv'));
    const envFile = input.text('envFile');
    const host = await openRescue(
      {
        storeUrl: storeUrlOf(input.requireText('store'), cwd),
        keyFile: resolve(cwd, input.requireText('key')),
        envFile: envFile === undefined ? undefined : resolve(cwd, envFile),
        settings,
      },
      context,
    );
    if (input.flag('list')) return await listAnswer(host, input.text('deployment'));
    return await rescueNow(host, input, context);
  },
};

/** Reads manifests only: nothing in the store is changed, no open run is taken over. */
async function listAnswer(host: RescueHost, deployment: string | undefined): Promise<Answer> {
  const listed = await listStored(host, deployment);
  const rows = listed.map((entry) =>
    'damaged' in entry
      ? [entry.deployment, entry.backupId, 'DAMAGED', entry.damaged]
      : [entry.deployment, entry.backupId, completenessText(entry), entry.mark],
  );
  const text =
    listed.length === 0
      ? `store ${host.store.name} holds no backups`
      : table(['DEPLOYMENT', 'BACKUP', 'COMPLETENESS', 'MARK'], rows);
  return { data: { store: host.store.name, backups: listed }, text, exit: EXIT.good };
}

async function rescueNow(host: RescueHost, input: Input, context: Context): Promise<Answer> {
  const deployment = input.requireText('deployment');
  const backup = input.text('backup') ?? 'latest';
  context.report.note(`store ${host.store.name}, repository ${host.repository.id}`);
  await using inline = await composeRescue(host, context, { deployment, adopts: !input.flag('plan') });
  const door = frontDoorOf(inline.caller, context.interrupts.signal);
  const plan = await door.planRestore({ deployment, backupId: backup });
  if (input.flag('plan')) return planAnswer(plan);
  await approve(plan, context, input.flag('yes'));
  const { backupId, planDigest } = plan;
  const run = await startAlone(door, { deployment, backupId, planDigest, requestId: randomUUID() }, context);
  context.report.note(`restore of ${deployment} from ${backupId}: run ${run.runId}`);
  return await watchRun(door, run.runId, context, { mayLeave: false });
}

/** A run that was open when its machine was lost holds the deployment: it is ended first. */
async function startAlone(
  door: FrontDoor,
  request: Parameters<FrontDoor['startRestore']>[0],
  context: Context,
): Promise<Run> {
  try {
    return await door.startRestore(request);
  } catch (thrown) {
    const { code, details } = HoldfastError.from(thrown);
    if (code !== 'RUN_IN_PROGRESS') throw thrown;
    const runId = String(details['run']);
    context.report.note(`run ${runId} was open when its machine was lost: it is ended first`);
    await door.cancelRun(runId);
    await watchRun(door, runId, context, { mayLeave: false });
    return await door.startRestore(request);
  }
}
