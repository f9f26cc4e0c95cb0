import { foldTriggers } from '#libs/saga/triggers.ts';
import type { JournalEvent } from '#libs/saga/journal.ts';
import type { Facts, RunFacts } from '../facts.ts';

/** P5: an event is taken off the bus when the log has it. */
export function eventIsInTheLog(deployment: string, key: string, facts: Facts): string | undefined {
  // Nobody can want a backup of what was never declared.
  if (!facts.bucket.objects.has(`deployments/${deployment}/spec/1.yaml`)) return undefined;
  const isThere = facts.log(deployment).some(({ event }) => event.kind === 'triggered' && event.key === key);
  return isThere ? undefined : `event ${key} was acknowledged, and is not in the log`;
}

/**
 * P5: every run ends; what is left open, in words. A run is one once the log has it, or once somebody was told of it: a
 * first entry that its writer did not outlive waits for the request to come again.
 */
export function unfinished(answered: ReadonlySet<string>, facts: Facts): readonly string[] {
  const entries = [...facts.logs.values()].flat();
  const known = new Set(answered);
  const open = new Set<string>();
  for (const { event } of entries) {
    if (event.kind === 'opened') {
      known.add(event.runId);
      open.add(event.runId);
    }
    if (event.kind === 'closed') open.delete(event.runId);
  }
  const runs = [...known]
    .map((runId) => facts.run(runId))
    .filter(({ outcome }) => outcome === undefined)
    .map(({ runId, header }) => `run ${runId.slice(0, 8)} (${header?.kind}) never ended`);
  const unclosed = [...open].map((runId) => `run ${runId.slice(0, 8)} is open in the log`);
  const markers = [...facts.bucket.objects.keys()]
    .filter((name) => name.startsWith('open/'))
    .map((name) => `${name} is left`);
  return [...runs, ...unclosed, ...markers];
}

/** P5: every event that the bus has taken is in the log, and every one in the log has its run. */
export function uncovered(published: ReadonlyMap<string, string>, facts: Facts): readonly string[] {
  const lost = [...published]
    .filter(([key, deployment]) => eventIsInTheLog(deployment, key, facts) !== undefined)
    .map(([key, deployment]) => `event ${key} of ${deployment} was never recorded`);
  const waiting = [...facts.logs].flatMap(([deployment, entries]) =>
    foldTriggers(deployment, entries).pending.map(({ key }) => `event ${key} of ${deployment} has no run`),
  );
  return [...lost, ...waiting];
}

/**
 * P5: a cancel is followed, whoever drives the run by then. One order may go out that was decided before it was seen;
 * an order that follows a later answer was given by somebody who should have looked.
 */
export function cancelIsFollowed({ entries, cancelledAt }: RunFacts): string | undefined {
  if (cancelledAt === undefined || !isForward(entries.at(-1)!.event)) return undefined;
  const since = entries.slice(cancelledAt).map(({ event }) => event);
  if (since.some((event) => event.kind === 'cancel-requested' && event.choice === 'back')) return undefined;
  const before = since.findIndex(isForward);
  const answered = since
    .slice(before)
    .some(({ kind }) => kind === 'step-completed' || kind === 'step-failed');
  return answered ? `another step was ordered long after a cancel` : undefined;
}

function isForward(event: JournalEvent): boolean {
  return event.kind === 'step-scheduled' && !event.step.startsWith('undo.');
}

/** P5: afterwards the living system serves. */
export function leftClosed(facts: Facts): readonly string[] {
  return [...facts.site.deployments.values()]
    .filter(({ server }) => server.takingConnections() === undefined)
    .map(({ name }) => `database ${name} takes no connections after the end`);
}

/** P5: nothing is left of what a run staged and did not keep. */
export function leftBehind(facts: Facts): readonly string[] {
  const ended = new Map(
    [...facts.runs.values()].flatMap((run) =>
      run.header?.kind === 'restore' && run.outcome !== 'completed' && run.outcome !== 'stuck'
        ? [[run.runId.slice(0, 8), run] as const]
        : [],
    ),
  );
  const sandboxes = [...facts.site.sandboxes.keys()].map((name) => `${name} is left behind`);
  const isOfEnded = (name: string) => [...ended.keys()].some((run) => name.includes(run));
  const places = [...facts.site.deployments.values()].flatMap(({ name, server, files, config }) =>
    [...server.databases.keys(), ...files.places.keys(), ...config.places.keys()]
      .filter((place) => place !== name && isOfEnded(place))
      .map((place) => `${place} is left behind on ${name}`),
  );
  return [...sandboxes, ...places];
}
