import { createHash } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { SERVICE_NAMES } from '#libs/contracts/services.ts';
import type { Spoken } from '../holdfast.ts';
import { describeSystem, judge, observeWhole } from '../judge.ts';
import { killProcess } from '../kill.ts';
import { together, type Play, type Theatre } from '../theatre.ts';
import { workInIt } from '../world.ts';
import { damageDatabase } from './corruption.ts';

export const KILLS = {
  'kill-service': SERVICE_NAMES,
  'kill-bus': ['nats-server'],
  'kill-coordinator': ['restore-coordinator'],
} as const satisfies Record<string, readonly string[]>;

type Kind = 'backup' | 'restore';

/** Where the first byte has flowed; from there to the end of `commit` is the time in which somebody may be killed. */
const FIRST_BYTE: Readonly<Record<Kind, string>> = { backup: 'mark', restore: 'verify.packs' };

/** Journal entries after which a worker has work; what is over within the time that a kill takes is no moment. */
const AT_WORK: Readonly<Record<Kind, Readonly<Record<string, readonly string[]>>>> = {
  backup: {
    'db-snapshot': ['step-completed mark'],
    'file-snapshot': ['step-scheduled files'],
    'config-vault': ['step-scheduled config'],
    verifier: ['step-scheduled verify'],
  },
  restore: {
    'db-snapshot': ['stage.database', 'close', 'pivot.database', 'open'].map(scheduled),
    'file-snapshot': ['stage.files', 'pivot.files'].map(scheduled),
    'config-vault': ['stage.config', 'stop', 'pivot.config', 'reset', 'start'].map(scheduled),
    verifier: ['verify.staged', 'check.restored'].map(scheduled),
  },
};
const DELAY_MS_MAX = 60;

/** For each of them: a backup in which it is killed, a damaged system, a restore in which it is killed, the oracle. */
export const kills =
  (what: keyof typeof KILLS): Play =>
  async (theatre) => {
    const rounds = [];
    for (const [at, victim] of KILLS[what].entries()) rounds.push(await playRound(theatre, victim, at));
    const { backup, restore } = rounds.at(-1)!;
    const oracle = together(...rounds.map(({ verdict }) => verdict));
    return {
      backup,
      restore,
      manualSteps: rounds.reduce((sum, each) => sum + each.manualSteps, 0),
      oracle,
      promises: Object.assign({}, ...rounds.map(({ promises }) => promises)) as Record<string, boolean>,
      sabotage: { what, expected: 'full proof', seen: 'full proof', intact: oracle.ok },
    };
  };

async function playRound(theatre: Theatre, victim: string, at: number) {
  const { world, stack, deployment, seed } = theatre;
  const system = describeSystem(world);
  const name = `${victim}-${at}`;
  // With a session of its own: the one that the oracle asks with is as old as the first backup.
  await workInIt({ ...world, jar: join(world.folder, `${name}.jar`) }, seed + at + 1);
  const before = await observeWhole(world, { name: `${name}-before`, system });
  const inBackup = await killWhile('backup', theatre, victim, [deployment]);
  await damageDatabase(world);
  await writeFile(join(world.app, '.env'), 'SECRET_KEY=guessed\n');
  const given = stack.holdfast.given();
  const inRestore = await killWhile('restore', theatre, victim, [deployment, '--yes']);
  const manualSteps = stack.holdfast.given() - given - 1;
  theatre.onNote('the oracle compares');
  const { verdict } = await judge(world, { name: `${name}-after`, system, before });
  const promises = { ...inBackup.promise, ...inRestore.promise };
  return { backup: inBackup.spoken, restore: inRestore.spoken, manualSteps, verdict, promises };
}

/** Gives the command, and kills a while after an entry of its run; both are drawn from the seed. */
async function killWhile(kind: Kind, theatre: Theatre, victim: string, words: readonly string[]) {
  const { stack, onNote, seed } = theatre;
  const { entry, delayMs } = drawMoment(kind, victim, seed);
  onNote(`holdfast ${kind}; ${victim} is killed ${delayMs} ms after ${entry}`);
  let killedAt: string | undefined;
  let back: Promise<void> | undefined;
  const kill = async () => {
    await pause(delayMs);
    killedAt = new Date().toISOString();
    await killProcess(stack.home, victim);
  };
  const spoken = await stack.holdfast.hear(
    (line) => {
      const { kind: told, step } = eventOf(line);
      if (`${told} ${step}` === entry) back ??= kill();
    },
    kind,
    ...words,
  );
  await back;
  if (spoken.exit !== 0)
    throw new Error(`${kind} ended with ${spoken.exit}: ${JSON.stringify(spoken.answer, null, 2)}`);
  const promise = { [`${victim} was killed within the ${kind}, ${entry}`]: isWithin(kind, spoken, killedAt) };
  return { spoken, promise };
}

function drawMoment(kind: Kind, victim: string, seed: number): { entry: string; delayMs: number } {
  const drawn = createHash('sha256').update(`${seed} ${kind} ${victim}`).digest();
  const entries = AT_WORK[kind][victim] ?? Object.values(AT_WORK[kind]).flat();
  return {
    entry: entries[drawn.readUInt32BE(0) % entries.length]!,
    delayMs: drawn.readUInt32BE(4) % DELAY_MS_MAX,
  };
}

function isWithin(kind: Kind, spoken: Spoken, killedAt = ''): boolean {
  // A step that began again has another end in the run: what was told first counts.
  const end = (step: string) =>
    spoken.lines.map(eventOf).find((event) => event.kind === 'step-completed' && event.step === step)!.at;
  return end(FIRST_BYTE[kind]) <= killedAt && killedAt <= end('commit');
}

function eventOf({ event }: Record<string, unknown>) {
  return (event ?? {}) as { readonly kind?: string; readonly step?: string; readonly at: string };
}

function scheduled(step: string): string {
  return `step-scheduled ${step}`;
}
