import type { BuildService } from '#libs/runtime/host.ts';
import { openLogs } from '#libs/saga/logs.ts';
import { databaseViews } from './adapters/database-view.ts';
import { enclosureOf } from './adapters/enclosure.ts';
import { evidenceOf } from './adapters/evidence.ts';
import { httpProbe } from './adapters/http-probe.ts';
import { restoredTexts } from './adapters/restored-texts.ts';
import { openSandboxes } from './adapters/sandboxes.ts';
import { treeWalk } from './adapters/tree-walk.ts';
import { verdictRecords } from './adapters/verdict-records.ts';
import type { VerifierPorts } from './ports.ts';

/** Looks with reads and queries of its own; writes nothing but verdicts, and in sandboxes of its own. */
export const buildService: BuildService<VerifierPorts> = async ({
  store,
  repository,
  clock,
  requireSecret,
  pgBin,
  site,
}) => {
  const sandboxes = await openSandboxes({ requireSecret, pgBin, site });
  const ports: VerifierPorts = {
    evidence: evidenceOf(repository, store, openLogs(store, clock)),
    databases: databaseViews(requireSecret),
    trees: treeWalk,
    application: httpProbe,
    verdicts: verdictRecords(store),
    sandboxes,
    restoredTexts,
    enclosure: enclosureOf(requireSecret),
    requireSecret,
    clock,
  };
  return { ports, [Symbol.asyncDispose]: () => sandboxes[Symbol.asyncDispose]() };
};
