#!/usr/bin/env node
/* oxlint-disable no-console -- the entry point of a person's command */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { startPostgres } from '#deploy/local/postgres-server.ts';
import { thisMachine } from '#test/machine.ts';
import { bus } from './bus.ts';
import { cancel } from './cancel.ts';
import { databaseMutations } from './database-mutations.ts';
import { mutationsByCli } from './database-mutations/by-cli.ts';
import { databaseConcurrency } from './database-concurrency.ts';
import { databaseKill } from './database-kill.ts';
import { kill } from './kill.ts';
import { mutants } from './mutants.ts';
import { pivot } from './pivot.ts';
import { repositoryCrash } from './repository-crash.ts';
import { repositoryDamage } from './repository-damage.ts';
import { s3 } from './s3.ts';
import { takeover } from './takeover.ts';
import { zombie } from './zombie.ts';

/**
 * npm run fault -- SUITE [PART…] [--seed N] [--cases N] [--nodes 1|3] [--json]: faults are put in on purpose, and each must be noticed. PART limits
 * the run to cases whose name contains it. Exit code 1 unless every case went as it must.
 */
interface Wish {
  readonly parts: readonly string[];
  readonly seed: number;
  readonly cases: number | undefined;
  readonly nodes: 1 | 3;
  readonly onNote: (text: string) => void;
}
interface Verdict {
  readonly report: { readonly cases: number };
  readonly good: boolean;
  readonly text: string;
}
const SUITES: Readonly<Record<string, (wish: Wish) => Promise<Verdict>>> = {
  async mutants(wish) {
    const report = await mutants(wish);
    const { cases, killed, survived } = report;
    const rows = survived.map(({ mutant, reason }) => `  ${mutant}: ${reason}`);
    return { report, good: killed === cases, text: [`${killed} of ${cases} killed`, ...rows].join('\n') };
  },
  async pivot(wish) {
    const report = await onOwnServer((server) => pivot({ ...wish, ...server }));
    const { cases, wrong, mixtures, faults } = report;
    const rows = faults.map((fault) => `  ${fault.case}: ${fault.found}`);
    const text = [`${cases} stops, ${wrong} wrong ends, ${mixtures} mixtures`, ...rows].join('\n');
    return { report, good: wrong + mixtures === 0, text };
  },
  async kill(wish) {
    const report = await kill({ ...wish, cases: wish.cases ?? 150 });
    const { cases, points, wrong, stuck, faults } = report;
    const rows = faults.map((fault) => `  ${fault.case}: ${fault.found}`);
    const text = [`${cases} kills at ${points} points, ${wrong} wrong ends, ${stuck} stuck`, ...rows].join(
      '\n',
    );
    return { report, good: wrong + stuck === 0, text };
  },
  'database-kill': async (wish) => {
    const report = await databaseKill(wish);
    const { cases, points, resentBytesMax, rereadMax, forgottenMax, wrong, faults } = report;
    const rows = faults.map((fault) => `  ${fault.case}: ${fault.found}`);
    const sent = `${resentBytesMax} bytes sent again at most`;
    const read = `${rereadMax.kept} slices read again (${rereadMax.lost} of a server that forgot ${forgottenMax})`;
    const ends = `${wrong} wrong ends, ${report.foldersLeft} folders left`;
    const text = [`${cases} kills at ${points} points: ${ends}, ${sent}, ${read}`, ...rows].join('\n');
    return { report, good: wrong === 0, text };
  },
  async zombie(wish) {
    const report = await zombie({ ...wish, cases: wish.cases ?? 60 });
    const { cases, caught, staleWrites, wrong, stuck, faults } = report;
    const rows = faults.map((fault) => `  ${fault.case}: ${fault.found}`);
    const counts = `${caught} in the act, ${staleWrites} stale writes, ${wrong} wrong ends, ${stuck} stuck`;
    const text = [`${cases} stopped, ${counts}`, ...rows].join('\n');
    return { report, good: staleWrites + wrong + stuck === 0, text };
  },
  async cancel(wish) {
    const report = await cancel({ ...wish, cases: wish.cases ?? 60 });
    const { cases, beforeSwitchMs, wrong, stuck, faults } = report;
    const rows = faults.map((fault) => `  ${fault.case}: ${fault.found}`);
    const times = `p50 ${beforeSwitchMs.p50} ms, p99 ${beforeSwitchMs.p99} ms before the switch`;
    const text = [`${cases} cancelled, ${times}, ${wrong} wrong ends, ${stuck} stuck`, ...rows].join('\n');
    return { report, good: wrong + stuck === 0, text };
  },
  async takeover(wish) {
    const report = await takeover({ ...wish, cases: wish.cases ?? 10 });
    const { cases, takeoverMs, wrong, faults } = report;
    const rows = faults.map((fault) => `  ${fault.case}: ${fault.found}`);
    const times = `p50 ${takeoverMs.p50} ms, p99 ${takeoverMs.p99} ms, ${takeoverMs.max} ms at most`;
    return { report, good: wrong === 0, text: [`${cases} runs taken over: ${times}`, ...rows].join('\n') };
  },
  async bus(wish) {
    const report = await bus(wish);
    const { cases, nodes, lost, duplicated, wrong, faults } = report;
    const rows = faults.map((fault) => `  ${fault.case}: ${fault.found}`);
    const counts = `${lost} lost, ${duplicated} twice, ${wrong} wrong ends`;
    const text = [`${cases} faults of a bus of ${nodes}, ${counts}`, ...rows].join('\n');
    return { report, good: lost + duplicated + wrong === 0, text };
  },
  'repository-crash': async (wish) => {
    const report = await repositoryCrash(wish);
    const { cases, operations, harmed, faults } = report;
    const rows = faults.map((fault) => `  ${fault.case}: ${fault.found}`);
    const text = [`${cases} stops at ${JSON.stringify(operations)}, ${harmed} harmed`, ...rows].join('\n');
    return { report, good: harmed === 0, text };
  },
  'repository-damage': async (wish) => {
    const report = await repositoryDamage({ ...wish, cases: wish.cases ?? 500 });
    const { cases, harmed, found, falseAlarms, wrong, faults } = report;
    const rows = faults.map((fault) => `  ${fault.case}: ${fault.found}`);
    const counts = `${found} of ${harmed} harmed backups named, ${falseAlarms} false alarms, ${wrong} wrong ends`;
    const text = [`${cases} objects harmed: ${counts}`, ...rows].join('\n');
    return { report, good: found === harmed && falseAlarms + wrong === 0, text };
  },
  'database-mutations': async (wish) => {
    const report = await onOwnServer(async (server) => {
      const mutations = await databaseMutations({ ...wish, ...server, cases: wish.cases ?? 500 });
      return { ...mutations, byCli: await mutationsByCli({ ...wish, ...server, cases: 10 }) };
    });
    const { cases, detected, beforeDdl, afterDdl, byProof, touched, byCli, pgDump, faults } = report;
    const rows = faults.map((fault) => `  ${fault.case}: ${fault.found}`);
    const where = `${beforeDdl} before anything was made, ${afterDdl} while loading, ${byProof} by the proof`;
    const others = `${byCli.detected} of ${byCli.cases} by the command line, ${pgDump.silent} of ${pgDump.cases} silent with pg_dump`;
    const text = [`${detected} of ${cases} detected: ${where}; ${touched} touched; ${others}`, ...rows].join(
      '\n',
    );
    const allDetected = detected === cases && byCli.detected === byCli.cases;
    return { report, good: allDetected && touched + byCli.touched + faults.length === 0, text };
  },
  'database-concurrency': async (wish) => {
    const report = await databaseConcurrency({ ...wish, cases: wish.cases ?? 60, atOnce: 2 });
    const { cases, silentLosses, refused, yields, waitMsMax, longestWait, heldUp, wrong, faults } = report;
    const rows = faults.map((fault) => `  ${fault.case}: ${fault.found}`);
    const ends = `${silentLosses} silent losses, ${refused} refused, ${heldUp} held up, ${wrong} wrong ends`;
    const waits = `${yields} yields, waited ${waitMsMax} ms at most (${longestWait}); pg_dump lost ${report.pgDumpLosses}`;
    const good = silentLosses + heldUp + wrong === 0 && waitMsMax <= 2000;
    return { report, good, text: [`${cases} cases, ${ends}, ${waits}`, ...rows].join('\n') };
  },
  async s3(wish) {
    const report = await s3({ ...wish, cases: wish.cases ?? 60 });
    const { cases, requests, faults, missing, falseSuccess, wrong, stuck, concurrency, found } = report;
    const rows = found.map((each) => `  ${each.case}: ${each.found}`);
    const counts = `${faults} of ${requests} requests answered wrongly, ${missing} missing, ${falseSuccess} told falsely`;
    const ends = `${wrong} wrong ends, ${stuck} stuck, at once ${concurrency.lowest} to ${concurrency.last}`;
    const good = missing + falseSuccess + wrong + stuck === 0 && concurrency.last === concurrency.most;
    return { report, good, text: [`${cases} cases, ${counts}, ${ends}`, ...rows].join('\n') };
  },
};

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: {
    json: { type: 'boolean', default: false },
    seed: { type: 'string', default: '1' },
    cases: { type: 'string' },
    nodes: { type: 'string', default: '1' },
  },
});
const [name = '', ...parts] = positionals;
const suite = SUITES[name];
if (suite === undefined)
  throw new Error(`no suite is called '${name}', there is: ${Object.keys(SUITES).join()}`);
const { report, good, text } = await suite({
  parts,
  seed: Number(values.seed),
  cases: values.cases === undefined ? undefined : Number(values.cases),
  nodes: values.nodes === '3' ? 3 : 1,
  onNote: (note) => console.error(note),
});
console.log(values.json ? JSON.stringify({ ...report, machine: thisMachine() }) : text);
process.exitCode = good && report.cases > 0 ? 0 : 1;

async function onOwnServer<T>(work: (server: { server: string; pgBin: string }) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), 'holdfast-fault-'));
  await using stack = new AsyncDisposableStack();
  stack.defer(() => rm(folder, { recursive: true, force: true }));
  // A power cut is not among the faults: nothing here outlives its server.
  const postgres = await startPostgres({ dataFolder: join(folder, 'pg'), settings: { fsync: 'off' } });
  stack.defer(() => postgres.discard());
  return await work({ server: postgres.superuserUrl, pgBin: postgres.bin });
}
