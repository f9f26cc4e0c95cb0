import { frontDoorOf, type FrontDoor } from '#services/operator/cli/front-door.ts';
import { loadInlineServices } from '#services/operator/cli/services.ts';
import { systemClock } from '#libs/kernel/clock.ts';
import { Secret } from '#libs/kernel/secret.ts';
import { openRepository } from '#libs/repository/open.ts';
import { composeInline } from '#libs/runtime/inline.ts';
import type { ObjectStore } from '#libs/store/port.ts';
import { silentLog } from '#libs/telemetry/log.ts';

export const DEPLOYMENT = 'edms';
export const REQUEST = 'restore-it';

export interface RestorerOptions {
  readonly store: ObjectStore;
  readonly identity: string;
  readonly url: string;
  readonly pgBin: string;
}

/** The five services in this process; open runs of the deployment are continued. */
export async function openRestorer(options: RestorerOptions): Promise<{ door: FrontDoor } & AsyncDisposable> {
  const { store, url, pgBin } = options;
  const inline = await composeInline({
    services: await loadInlineServices(),
    host: {
      site: 'local',
      store,
      repository: await openRepository({ store, identity: new Secret(options.identity) }),
      clock: systemClock,
      log: silentLog,
      requireSecret: () => new Secret(url),
      pgBin,
      instance: 'test',
      takeoverMs: 8000,
      onlyAsked: true,
    },
    adopts: (deployment) => deployment === DEPLOYMENT,
  });
  return {
    door: frontDoorOf(inline.caller),
    [Symbol.asyncDispose]: () => inline[Symbol.asyncDispose](),
  };
}

export async function beginRestore(door: FrontDoor): Promise<string> {
  const wish = { deployment: DEPLOYMENT, backupId: 'latest' };
  const { planDigest, problems } = await door.planRestore(wish);
  if (problems.length > 0) throw new Error(`the restore is refused: ${JSON.stringify(problems)}`);
  return (await door.startRestore({ ...wish, planDigest, requestId: REQUEST })).runId;
}

/** State and error of a run when it is over. */
export async function endOf(door: FrontDoor, runId: string): Promise<{ state: string; error: string }> {
  for await (const _ of door.watchRun(runId, 0));
  const { state, error } = await door.getRun(runId);
  return { state, error: error === null ? '' : `${error.code}: ${error.message}` };
}
