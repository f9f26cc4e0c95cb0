import type { BuildService } from '#libs/runtime/host.ts';
import { openLogs } from '#libs/saga/logs.ts';
import { databaseViews } from './adapters/database-view.ts';
import { enclosureOf } from './adapters/enclosure.ts';
import { evidenceOf, secondEvidence } from './adapters/evidence.ts';
import { httpProbe } from './adapters/http-probe.ts';
import { restoredTexts } from './adapters/restored-texts.ts';
import { scrubOf } from './adapters/scrub.ts';
import { openSandboxes } from './adapters/sandboxes.ts';
import { treeWalk } from './adapters/tree-walk.ts';
import { verdictRecords } from './adapters/verdict-records.ts';
import type { VerifierPorts } from './ports.ts';

/** Looks with reads and queries of its own; writes nothing but verdicts and ledgers of scrubs, and in sandboxes of its own. */
export const buildService: BuildService<VerifierPorts> = async (host) => {
  const { store, repository, clock, requireSecret, pgBin, site } = host;
  const sandboxes = await openSandboxes({ requireSecret, pgBin, site });
  const ports: VerifierPorts = {
    evidence: evidenceOf(repository, store, openLogs(store, clock)),
    openSecond: () => secondEvidence(host),
    scrub: scrubOf(host),
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
