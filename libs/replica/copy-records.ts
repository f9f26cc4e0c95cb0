import { openRuns } from '#libs/saga/log.ts';
import { findBytes, signalOption } from '#libs/store/objects.ts';
import { countCondemned } from './condemned.ts';
import type { Copier } from './copier.ts';
import { compareListings, type Listed } from './listings.ts';
import { copyCheckpoints, copyLog, endOfCopy } from './log-copy.ts';
import { proveObject } from './prove.ts';
import type { ReplicaDeps } from './replicate.ts';

/** Declarations, logs, checkpoints, answers of events; the ids of runs that are open. */
export async function copyDeployments(deps: ReplicaDeps, copier: Copier): Promise<ReadonlySet<string>> {
  const open = new Set<string>();
  const onCopied = (bytes: number) => copier.count(bytes);
  const lists = await countCondemned(deps.to, deps.signal);
  for (const deployment of deps.deployments) {
    const below = `deployments/${deployment}/`;
    await copier.copyAll(await copier.missing(`${below}spec/`));
    await copier.orLeaveOut(`${below}log/`, async () => {
      const entries = await deps.readLog(deployment);
      for (const { runId } of openRuns(entries)) open.add(runId);
      await copyLog(deployment, { end: endOfCopy(entries), lists }, deps, onCopied);
      await copyCheckpoints(deployment, deps, onCopied);
    });
    await copier.copyAll(await copier.missing(`${below}triggers/`));
  }
  return open;
}

/** Journals of runs that ended, each in the order of its entries. */
export async function copyRuns(copier: Copier, open: ReadonlySet<string>): Promise<void> {
  const groups = new Map<string, Listed[]>();
  for (const object of await copier.missing('runs/')) {
    const runId = object.name.split('/')[1]!;
    if (open.has(runId)) continue;
    groups.set(runId, [...(groups.get(runId) ?? []), object]);
  }
  await copier.copyGroups(groups.values());
}

/** The one kind of object that is replaced where its bytes differ: a newer version explains the store anew. */
export async function copyAbout(
  { from, to, verify, signal }: Pick<ReplicaDeps, 'from' | 'to' | 'verify' | 'signal'>,
  copier: Copier,
): Promise<void> {
  for await (const { from: own, to: there } of compareListings('about/', { from, to, signal })) {
    if (own === undefined) continue;
    const bytes = await findBytes(from, own.name, signalOption(signal));
    if (bytes === undefined) continue;
    if (proveObject(own.name, bytes, { verify, citations: new Map() }) === 'damaged') {
      copier.leaveOut(own.name, 'is empty');
      continue;
    }
    const known = there === undefined ? undefined : await findBytes(to, own.name, signalOption(signal));
    if (known?.equals(bytes) === true) continue;
    await to.put(own.name, bytes, { createOnly: false, ...signalOption(signal) });
    copier.count(bytes.length);
  }
}
