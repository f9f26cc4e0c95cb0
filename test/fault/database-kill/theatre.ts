import { mkdir, mkdtemp, readdir, rm } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import type { StagedDatabase } from '#libs/contracts/requests.ts';
import type { Verb } from '#libs/contracts/step.ts';
import { createRepository } from '#libs/repository/open.ts';
import { diskStore } from '#libs/store/disk.ts';
import { Run } from './run.ts';
import type { Told } from './stopping.ts';
import { openStruckServer, type Victim } from './struck-server.ts';
import type { Worked } from './struck-worker.ts';

export const PHASES = {
  dump: ['TakeSnapshot'],
  load: ['StageRestore'],
  proof: ['VerifyStaged'],
  switch: ['CloseDatabase', 'PivotRestore'],
  undo: ['UndoPivot', 'OpenDatabase'],
} as const satisfies Record<string, readonly Verb[]>;
export type Phase = keyof typeof PHASES;

export interface Case {
  readonly phase: Phase;
  readonly point: string;
  readonly victim: Victim;
}

export interface Played {
  /** How the struck attempt ended: killed, done, or with that error. */
  readonly end: string;
  /** What was found that must not be. */
  readonly wrong: readonly string[];
  /** Bytes of packs whose sending began, beyond those of an undisturbed run. */
  readonly resentBytes: number;
  /** Slices that were asked of the repository more often than once. */
  readonly reread: number;
  /** Slices that were loaded by the server's word, and not there when it was back. */
  readonly forgotten: number;
  /** Temporary folders that are still there when all is done. */
  readonly foldersLeft: number;
}

const LIVE = 'records';
const SPEC = `deployment: records\ndatabase: { url: { env: DB_URL } }\n`;
/** What the live database has, and the backup that is restored has not. */
const LATER = `UPDATE documents SET state = 'gone' WHERE id % 7 = 0; CREATE TABLE later (id int); INSERT INTO journal VALUES ('later')`;
/** Chunks of a later journal and of lists, and ends of packs that were filled otherwise. */
const OTHER_BYTES = 1024 * 1024;
/** As side-database.ts opens them. */
const LOADERS = availableParallelism() + 1;
const ENDED = 'after end of the restore';
/** Where the moment is still to come, even of an attempt that outlives what is struck. */
const BEFORE_MOMENT = 'before freeze';

/** A server, a database of records on it, and a backup of it that is staged beside it. */
export async function openTheatre() {
  await using stack = new AsyncDisposableStack();
  const folder = await mkdtemp(join(tmpdir(), 'holdfast-database-kill-'));
  stack.defer(() => rm(folder, { recursive: true, force: true }));
  const server = await openStruckServer(folder);
  stack.defer(() => server.discard());
  const { records, strike, whatIsLeft } = server;
  const temporary = join(folder, 'tmp');
  await mkdir(temporary);
  await records.run('postgres', `CREATE DATABASE ${LIVE} TEMPLATE template0`);
  await records.make(LIVE);

  const beginRun = async (known?: Run['known'], place?: Run['place']): Promise<Run> => {
    if (place !== undefined) return new Run(place, temporary, known);
    const storeFolder = await mkdtemp(join(folder, 'store-'));
    const { identity } = await createRepository({ store: diskStore(storeFolder) });
    const url = server.url(LIVE);
    const own = { storeFolder, identity: identity.reveal(), url, pgBin: server.pgBin, spec: SPEC };
    return new Run(own, temporary);
  };

  const base = await beginRun();
  const points = {} as Record<Phase, readonly string[]>;
  const undisturbed = async (phase: Phase): Promise<readonly Told[]> => {
    const told = (await base.give(PHASES[phase])).flatMap((each) => each.told);
    // What goes on at the same time comes in any order.
    points[phase] = told.flatMap((each) => (each.kind === 'passed' ? [each.point] : [])).toSorted();
    return told;
  };
  const sentBytes = bytesOf(await undisturbed('dump'), 'sent');
  const taken = await records.fingerprint(LIVE);
  const slices = (await undisturbed('load')).filter(({ kind }) => kind === 'read').length;
  await records.run(LIVE, LATER);
  const later = await records.fingerprint(LIVE);
  for (const phase of ['proof', 'switch', 'undo'] as const) await undisturbed(phase);
  const staged = base.known.staged as unknown as StagedDatabase;
  const notes = ['later'];

  /** Its name changes with who has it. */
  const sideName = async ({ stage }: Pick<StagedDatabase, 'stage'>): Promise<string> => {
    const oid = stage.slice(stage.lastIndexOf('.') + 1);
    return (await records.run('postgres', `SELECT datname FROM pg_database WHERE oid = ${oid}`))[0] ?? '';
  };

  /** By what it holds; `closed` where nobody may look. */
  const whichIs = async (database: string): Promise<string> => {
    const journal = await records.journal(database).catch(() => undefined);
    if (journal === undefined) return 'closed';
    if (journal.length === 0) return 'new';
    return journal.join() === notes.toSorted().join() ? 'old' : `mixed: ${journal.join()}`;
  };

  /** Slices of the staged database that are there with their marks; undefined where it has no marks. */
  const marked = async (side: string): Promise<number | undefined> => {
    const question = `SELECT count(*) FILTER (WHERE part LIKE 'rows %'), count(*) FILTER (WHERE part = 'structure') FROM holdfast_stage.done`;
    const [found] = await records.run(side, question).catch(() => []);
    const [rows, structure] = (found ?? '').split('|').map(Number);
    return structure === 1 ? rows : undefined;
  };

  const play = async ({ phase, point, victim }: Case): Promise<Omit<Played, 'foldersLeft'>> => {
    const wrong: string[] = [];
    const expect = (what: string, found: string, wanted: string) => {
      if (found !== wanted) wrong.push(`${what} ${short(found, wanted)}`);
    };
    const losesMemory = victim === 'backend' || victim === 'server';
    const isSwitching = phase === 'switch' || phase === 'undo';
    const before = isSwitching ? [] : await records.databases();
    const run = await runOf(phase);
    if (phase === 'undo') await base.give(PHASES.switch);
    let survived: number | undefined;
    const worked = await run.give(PHASES[phase], {
      point,
      async strike() {
        const note = `${notes.length} ${phase} ${point}`;
        // Its commit would save what a server is to forget.
        const isNoted = !isSwitching && !(phase === 'load' && losesMemory);
        if (isNoted && (await records.note(LIVE, note))) notes.push(note);
        return await strike(victim);
      },
      async look() {
        const found = await whichIs(LIVE);
        if (found !== 'old' && !(isSwitching && ['new', 'closed'].includes(found)))
          wrong.push(`when it was struck, live was ${found}`);
        if (phase !== 'load') return;
        const [side = ''] = (await records.databases()).filter((name) => !before.includes(name));
        survived = await marked(side);
      },
    });
    const reads = worked.map(({ told }) => told.filter(({ kind }) => kind === 'read').length);
    const loaded = worked[0]!.told.filter(({ kind }) => kind === 'loaded').length;
    const told = worked.flatMap((each) => each.told);
    // All is there, and has no marks any more.
    const isEnded = worked[0]!.told.some((each) => 'point' in each && each.point === ENDED);
    if (phase === 'dump') {
      // What came after the struck attempt's moment is in the snapshot of the next one only.
      const isLater = worked.length === 1 && point !== BEFORE_MOMENT;
      const journal = isLater ? notes.slice(0, -1) : notes;
      await run.give(PHASES.load);
      const side = await sideName(run.known.staged as unknown as StagedDatabase);
      expect('the restored snapshot', await records.fingerprint(side), later);
      expect('its journal', (await records.journal(side)).join('\n'), journal.toSorted().join('\n'));
      if (bytesOf(told, 'sent') > sentBytes + OTHER_BYTES)
        wrong.push(`${bytesOf(told, 'sent')} bytes were sent, undisturbed it is ${sentBytes}`);
    }
    if (phase === 'load' || phase === 'proof') {
      const side = await sideName(run.known.staged as unknown as StagedDatabase);
      expect('the restored database', await records.fingerprint(side), taken);
      expect('its journal', (await records.journal(side)).join('\n'), '');
    }
    if (phase === 'load' && worked.length > 1) {
      // Of what is marked nothing is loaded again, and all that was committed is marked where memory was not lost.
      const again = reads.slice(1).reduce((sum, count) => sum + count, 0);
      if (again > (isEnded ? 0 : slices - (survived ?? 0)))
        wrong.push(`${again} slices read again, ${survived} were marked`);
      if (!losesMemory && reads[0]! + again > slices + LOADERS)
        wrong.push(`${reads[0]! + again} slices read of ${slices}`);
    }
    if (phase === 'switch') {
      expect('the new live database', await records.fingerprint(LIVE), taken);
      expect('the new live database is', await whichIs(LIVE), 'new');
      await base.give(PHASES.undo);
    }
    expect('the live database', await records.fingerprint(LIVE), later);
    expect('the live database is', await whichIs(LIVE), 'old');
    if (phase === 'dump' || phase === 'load') await run.give(['DiscardStage']);
    wrong.push(...(await whatIsLeft([...before, ...(await records.databases()).filter(() => isSwitching)])));
    if (phase === 'dump') await rm(run.place.storeFolder, { recursive: true });
    return {
      end: endOf(worked[0]!),
      wrong,
      resentBytes: phase === 'dump' ? Math.max(0, bytesOf(told, 'sending') - sentBytes) : 0,
      reread: phase === 'load' ? reads.reduce((sum, count) => sum + count, 0) - slices : 0,
      forgotten: survived === undefined ? 0 : Math.max(0, loaded - survived),
    };
  };

  const runOf = async (phase: Phase): Promise<Run> => {
    if (phase === 'dump') return await beginRun();
    if (phase === 'load') return await beginRun({ snapshot: base.known.snapshot! }, base.place);
    if (phase !== 'proof') return base;
    const side = await sideName(staged);
    // A switch that was taken back leaves it closed.
    await records.run('postgres', `ALTER DATABASE ${side} ALLOW_CONNECTIONS true`);
    return await beginRun({ ...base.known, staged: { ...staged, side } as never }, base.place);
  };

  const owned = stack.move();
  return {
    points,
    async play(each: Case): Promise<Played> {
      const found = await play(each).catch((thrown: unknown) => ({
        end: 'not ended',
        wrong: [String(thrown)],
        resentBytes: 0,
        reread: 0,
        forgotten: 0,
      }));
      const left = (await readdir(temporary)).filter((name) => name.startsWith('holdfast-'));
      for (const name of left) await rm(join(temporary, name), { recursive: true });
      return { ...found, foldersLeft: left.length };
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

function bytesOf(told: readonly Told[], kind: 'sending' | 'sent'): number {
  return told.reduce((sum, each) => sum + (each.kind === kind ? each.bytes : 0), 0);
}

function endOf({ told, killed }: Worked): string {
  if (killed) return 'killed';
  return told.flatMap((each) => (each.kind === 'failed' ? [each.code] : []))[0] ?? 'done';
}

/** The first line that differs, of what may be a whole schema. */
function short(found: string, wanted: string): string {
  const lines = wanted.split('\n');
  const at = found.split('\n').findIndex((line, n) => line !== lines[n]);
  return `differs: ${found.split('\n')[at] ?? '(ends)'} in place of ${lines[at] ?? '(end)'}`;
}
