import { execa } from 'execa';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { connect, type NatsConnection } from 'nats';
import { parseDocument } from 'yaml';
import { readStack } from '#deploy/local/stack.ts';
import { PROGRAM_FILE } from '#services/operator/cli/bundled.ts';
import type { Spoken } from '#test/demo/holdfast.ts';
import type { RunningStack } from '#test/demo/holdfast-scheme.ts';
import type { World } from '#test/demo/world.ts';

interface LogEntry {
  readonly event: {
    kind: string;
    type?: string;
    key?: string;
    runId?: string;
    backupId?: string;
    outcome?: string;
    components?: readonly string[];
  };
}

/** A reference EDMS, the stack that protects it, and a look at its bus. */
export interface Site {
  readonly world: World;
  readonly stack: RunningStack;
  readonly deployment: string;
  readonly nats: NatsConnection;
}

export async function appliedIndexes({ world }: Site): Promise<number> {
  const question = "SELECT count(*) FROM django_migrations WHERE app = 'tuning' AND name = '0003_indexes'";
  const psql = join(world.postgres.bin, 'psql');
  const { stdout } = await execa(psql, ['-qXAt', '-d', world.postgres.url(world.database), '-c', question]);
  return Number(stdout);
}

export async function declareWith(
  { stack, deployment, world }: Site,
  change: (spec: ReturnType<typeof parseDocument>) => void,
): Promise<void> {
  const versions = join(stack.home, 'store/deployments', deployment, 'spec');
  const newest = Math.max(...(await readdir(versions)).map((name) => Number.parseInt(name, 10)));
  const spec = parseDocument(await readFile(join(versions, `${newest}.yaml`), 'utf8'));
  change(spec);
  const file = join(world.folder, 'spec.yaml');
  await writeFile(file, String(spec));
  await stack.holdfast.expect(0, 'init', '--spec', file);
}

export async function connectTo(stack: RunningStack) {
  const token = (await readFile(join(stack.home, 'nats-token'), 'utf8')).trim();
  const { natsUrl } = (await readStack(stack.home))!;
  const connection = await connect({
    servers: natsUrl,
    token,
    maxReconnectAttempts: -1,
    reconnectTimeWait: 100,
  });
  return { connection, [Symbol.asyncDispose]: () => connection.close() };
}

/** Without message ids: the bus is to keep every copy. One that found the server away is sent again. */
export async function publish({ nats, deployment }: Site, event: object, copies: number): Promise<void> {
  const jet = nats.jetstream();
  for (let stored = 0; stored < copies;) {
    const done = await jet.publish(`edms.${deployment}`, JSON.stringify(event), { timeout: 1_000 }).then(
      () => true,
      () => false,
    );
    if (done) stored += 1;
    else await sleep(100);
  }
}

export async function kill(stack: RunningStack, name: string): Promise<void> {
  const { processes } = (await readStack(stack.home))!;
  process.kill(processes.find((each) => each.name === name)!.process!.pid, 'SIGKILL');
}

/** Every message of the EDMS stream was delivered and settled. */
export async function allTaken({ nats }: Site): Promise<void> {
  for (;;) {
    const manager = await nats.jetstreamManager().catch(() => undefined);
    const consumer = await manager?.consumers.info('EDMS', 'restore-coordinator').catch(() => undefined);
    if (consumer?.num_pending === 0 && consumer.num_ack_pending === 0) return;
    await sleep(200);
  }
}

export async function messagesOf({ nats }: Site): Promise<number> {
  const manager = await nats.jetstreamManager();
  return (await manager.streams.info('EDMS')).state.messages;
}

export async function typesOf({ nats }: Site): Promise<readonly string[]> {
  const manager = await nats.jetstreamManager();
  const { state } = await manager.streams.info('EDMS');
  const sequences = Array.from({ length: state.messages }, (_, at) => state.first_seq + at);
  const messages = await Promise.all(sequences.map((seq) => manager.streams.getMessage('EDMS', { seq })));
  return messages.map((message) => {
    const text = message.string();
    return text.startsWith('{') ? (JSON.parse(text) as { type: string }).type : '';
  });
}

export async function parkedOn(nats: NatsConnection) {
  const manager = await nats.jetstreamManager();
  const { state } = await manager.streams.info('PARKED');
  const sequences = Array.from({ length: state.messages }, (_, at) => state.first_seq + at);
  return Promise.all(
    sequences.map(async (seq) => {
      const message = await manager.streams.getMessage('PARKED', { seq });
      const said = (name: string) => message.header.get(`Holdfast-${name}`);
      return { subject: said('Subject'), code: said('Code'), reason: said('Reason'), body: message.string() };
    }),
  );
}

/** Backups that were opened, oldest first; `outcome` once they have ended. */
export async function runsOf(site: Site) {
  const entries = await logOf(site);
  const outcomeOf = (runId: string | undefined) =>
    entries.find(({ event }) => event.kind === 'closed' && event.runId === runId)?.event.outcome;
  return entries.flatMap(({ event }) =>
    event.kind === 'opened' ? [{ runId: event.runId!, outcome: outcomeOf(event.runId) }] : [],
  );
}

export async function logOf({ stack, deployment }: Site) {
  const folder = join(stack.home, 'store/deployments', deployment, 'log');
  const names = (await readdir(folder)).toSorted();
  const texts = await Promise.all(names.map((name) => readFile(join(folder, name), 'utf8')));
  return texts.map((text) => JSON.parse(text) as LogEntry);
}

export function answerOf({ answer }: Spoken) {
  return answer as unknown as {
    run: { runId: string; state: string };
    backup?: { backupId: string; components: readonly string[] };
  };
}

export function commandEnvironment({ stack }: Site) {
  return {
    HOLDFAST: PROGRAM_FILE,
    HOLDFAST_HOME: stack.home,
    PATH: `${dirname(process.execPath)}:${process.env['PATH']}`,
  };
}

export async function manage(site: Site, ...words: readonly string[]) {
  const { world, stack, deployment } = site;
  const command = [process.execPath, commandEnvironment(site).HOLDFAST];
  const folders = ['deploy/edms', 'test/fixtures/edms-events'].map((folder) => join(process.cwd(), folder));
  return await execa(world.python, [join(world.app, 'manage.py'), ...words], {
    env: {
      DJANGO_SETTINGS_MODULE: 'settings_with_events',
      PYTHONPATH: folders.join(':'),
      PYTHONDONTWRITEBYTECODE: '1',
      EVENTS_DEPLOYMENT: deployment,
      EVENTS_COMMAND: JSON.stringify(command),
      EVENTS_HOME: stack.home,
    },
    reject: false,
    all: true,
  });
}
