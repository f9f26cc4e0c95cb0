import { findTool } from '#deploy/local/tools.ts';
import { sitesOf } from '#libs/contracts/sites.ts';
import { systemClock } from '#libs/kernel/clock.ts';
import { HoldfastError } from '#libs/kernel/errors.ts';
import { composeInline, type Inline } from '#libs/runtime/inline.ts';
import { latestSpecVersion, readSpec } from '#libs/runtime/spec-store.ts';
import type { ObjectStore } from '#libs/store/port.ts';
import { silentLog } from '#libs/telemetry/log.ts';
import type { Context } from '../command.ts';
import { loadInlineServices } from '../services.ts';
import type { RescueHost } from './open-rescue.ts';

/**
 * The five services in this process, for every site of the deployment, behind a bus in memory. With `adopts` its runs
 * that were open when everything was lost are driven on here; those of others may be alive elsewhere, and stay alone.
 */
export async function composeRescue(
  { store, repository, requireSecret }: RescueHost,
  context: Context,
  { deployment, adopts }: { readonly deployment: string; readonly adopts: boolean },
): Promise<Inline> {
  const pgBin = await findPostgresClient(context);
  const services = await loadInlineServices();
  const host = {
    site: context.env['HOLDFAST_SITE'] || 'local',
    store,
    repository,
    clock: systemClock,
    log: silentLog,
    requireSecret,
    pgBin,
    instance: `rescue-${process.pid}`,
    takeoverMs: 0,
    onlyAsked: true,
  };
  const sites = await sitesOfDeployment(store, deployment);
  const principal = 'rescue';
  return await composeInline({
    services,
    host,
    sites,
    principal,
    adopts: (name) => adopts && name === deployment,
  });
}

/** What lay on several hosts comes back on this one. */
async function sitesOfDeployment(store: ObjectStore, deployment: string): Promise<readonly string[]> {
  const specVersion = await latestSpecVersion(store, deployment);
  const spec = await readSpec(store, { deployment, specVersion, relocationJson: '' });
  const { database, files, config, hooks } = sitesOf(spec);
  return [database, ...files, ...config, ...hooks];
}

/** Without a client the plan says so, beside all else that is wrong. */
async function findPostgresClient({ env, report, interrupts }: Context): Promise<string | undefined> {
  try {
    const { folder } = await findTool('postgres-client', {
      env,
      signal: interrupts.signal,
      onNote: (note) => report.note(note),
    });
    return folder;
  } catch (thrown) {
    const { code, message, remedy } = HoldfastError.from(thrown);
    if (code === 'CANCELLED') throw thrown;
    report.note(`databases cannot be restored: ${message}; ${remedy}`);
    return undefined;
  }
}
