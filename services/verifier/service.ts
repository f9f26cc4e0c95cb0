import type { BuildService } from '#libs/runtime/host.ts';
import { databaseViews } from './adapters/database-view.ts';
import { evidenceOf } from './adapters/evidence.ts';
import { httpProbe } from './adapters/http-probe.ts';
import { treeWalk } from './adapters/tree-walk.ts';
import { verdictRecords } from './adapters/verdict-records.ts';
import type { VerifierPorts } from './ports.ts';

/** Looks with reads and queries of its own; writes nothing but verdicts. */
export const buildService: BuildService<VerifierPorts> = async ({
  store,
  repository,
  clock,
  requireSecret,
}) => ({
  ports: {
    evidence: evidenceOf(repository, store),
    databases: databaseViews(requireSecret),
    trees: treeWalk,
    application: httpProbe,
    verdicts: verdictRecords(store),
    clock,
  },
  [Symbol.asyncDispose]: async () => {},
});
