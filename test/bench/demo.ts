import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { globSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runDemo, type DemoOptions, type DemoResult } from '#test/demo/run-demo.ts';
import { serviceMemory } from './memory.ts';
import { against, figure, type Case } from './report.ts';

export interface DemoBench {
  readonly rows: number;
  readonly files: number;
  /** Alternating runs of both schemes at seed scale. */
  readonly runs: number;
  /** Of the reference EDMS's content. */
  readonly seed: number;
  readonly onNote: (note: string) => void;
}

const PEAK_MIB_MAX = 300;
const IDLE_MIB_MAX = 600;
const INLINE_MIB_MAX = 350;

/** The main job: against the old way at seed scale, and alone under load with the memory of each service. */
export async function benchDemo({ rows, files, runs, seed, onNote }: DemoBench): Promise<readonly Case[]> {
  const ours: DemoResult[] = [];
  const peer: DemoResult[] = [];
  for (let run = 1; run <= runs; run += 1) {
    onNote(`pair ${run} of ${runs}`);
    ours.push(await oneDemo({ scheme: 'holdfast', scale: 'seed', rows: 0, files: 0, seed, onNote }));
    peer.push(await oneDemo({ scheme: 'legacy', scale: 'seed', rows: 0, files: 0, seed, onNote }));
  }
  onNote(`load: ${rows} rows, ${files} files`);
  return [
    against('backup, seed', { ours: ours.map(backupMs), peer: peer.map(backupMs) }, 'ms'),
    against('restore, seed', { ours: ours.map(restoreMs), peer: peer.map(restoreMs) }, 'ms'),
    ...(await benchLoad({ rows, files, seed, onNote })),
    ...(await benchInline({ seed, onNote })),
  ];
}

async function benchLoad(
  load: Pick<DemoBench, 'rows' | 'files' | 'seed' | 'onNote'>,
): Promise<readonly Case[]> {
  const memory: Case[] = [];
  const steps: number[] = [];
  const result = await oneDemo({
    ...load,
    scheme: 'holdfast',
    scale: 'seed',
    traced: false,
    onStack: async ({ home }, moment) => {
      const services = await serviceMemory(home);
      const idle = services.reduce((sum, { now }) => sum + now, 0);
      if (moment === 'idle') memory.push(figure('five idle services', idle, 'MiB', IDLE_MIB_MAX));
      else {
        memory.push(
          ...services.map(({ service, peak }) => figure(`peak of ${service}`, peak, 'MiB', PEAK_MIB_MAX)),
        );
        steps.push(...(await orchestrationMs(join(home, 'store'))));
      }
    },
  });
  if (!result.ok) throw new Error('the oracle found differences: a figure of a wrong restore means nothing');
  return [
    figure(`backup, ${load.rows} rows, ${load.files} files`, backupMs(result), 'ms'),
    figure(`restore, ${load.rows} rows, ${load.files} files`, restoreMs(result), 'ms'),
    ...result.restore.phases.map(({ name, ms }) => figure(`restore: ${name}`, ms, 'ms')),
    figure('orchestration of one step, mean', steps.reduce((sum, ms) => sum + ms, 0) / steps.length, 'ms'),
    ...memory,
  ];
}

/** The main job again, by the one process of `up --inline`. */
async function benchInline({ seed, onNote }: Pick<DemoBench, 'seed' | 'onNote'>): Promise<readonly Case[]> {
  onNote('the five services in one process');
  const memory: Case[] = [];
  await oneDemo({
    scheme: 'holdfast',
    scale: 'seed',
    rows: 0,
    files: 0,
    seed,
    traced: false,
    inline: true,
    onNote,
    onStack: async ({ home }, moment) => {
      const [{ now, peak } = { now: Number.NaN, peak: Number.NaN }] = await serviceMemory(home);
      if (moment === 'idle') memory.push(figure('the five in one idle process', now, 'MiB', INLINE_MIB_MAX));
      else memory.push(figure('peak of the five in one process, seed', peak, 'MiB'));
    },
  });
  return memory;
}

async function oneDemo(options: Omit<DemoOptions, 'store' | 'folder'>): Promise<DemoResult> {
  const folder = await mkdtemp(join(tmpdir(), 'holdfast-bench-'));
  try {
    return await runDemo({ ...options, store: 'disk', folder });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

const backupMs = ({ backup }: DemoResult): number => backup.durationMs ?? Number.NaN;
const restoreMs = ({ restore }: DemoResult): number => restore.durationMs;

interface Entry {
  readonly at: string;
  readonly event: { readonly kind: string; readonly step: string; readonly attempt: number };
}

/** Per step: from scheduled to completed in the journal, less the time its worker worked. */
async function orchestrationMs(store: string): Promise<readonly number[]> {
  const results = await Promise.all(
    globSync(`${store}/runs/*/results/*.json`).map((file) => readJson<WorkedStep>(file)),
  );
  const entries = await Promise.all(
    globSync(`${store}/runs/*/[0-9]*.json`).map(async (file) => ({
      runId: file.split('/').at(-2),
      ...(await readJson<Entry>(file)),
    })),
  );
  return results.flatMap(({ runId, step, attempt, startedAt, endedAt }) => {
    const find = (kind: string) =>
      entries.find(
        (entry) =>
          entry.runId === runId &&
          entry.event.kind === kind &&
          entry.event.step === step &&
          entry.event.attempt === attempt,
      );
    const [scheduled, completed] = [find('step-scheduled'), find('step-completed')];
    if (scheduled === undefined || completed === undefined) return [];
    return [
      Date.parse(completed.at) - Date.parse(scheduled.at) - (Date.parse(endedAt) - Date.parse(startedAt)),
    ];
  });
}

interface WorkedStep {
  readonly runId: string;
  readonly step: string;
  readonly attempt: number;
  readonly startedAt: string;
  readonly endedAt: string;
}

async function readJson<T>(file: string): Promise<T> {
  return JSON.parse(await readFile(file, 'utf8')) as T;
}
