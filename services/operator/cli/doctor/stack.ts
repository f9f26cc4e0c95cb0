import { healthOf, type HealthSeen } from '#libs/rpc/client.ts';
import type { KnownStack } from './examine.ts';
import { bad, ok, warning, type Finding } from './finding.ts';

/** Are all processes there, and do the services answer? */
export async function examineStack(state: KnownStack): Promise<readonly Finding[]> {
  if (state?.running !== true)
    return [
      bad(
        'stack',
        state === undefined ? 'was never started on this home' : 'is not running',
        'holdfast up --detach',
      ),
    ];
  const processes = state.processes.map(({ name, status, restarts, lastEnd, logFile }): Finding => {
    if (status !== 'healthy')
      return bad(name, `${status}${lastEnd === null ? '' : `, ended with ${lastEnd}`}`, `see ${logFile}`);
    return restarts === 0
      ? ok(name, 'healthy')
      : warning(
          name,
          `healthy, was started again ${restarts} times (${lastEnd ?? 'unknown'})`,
          `see ${logFile}`,
        );
  });
  const doors = await Promise.all(
    Object.entries(state.addresses).map(async ([name, address]) =>
      doorFindings(name, address, await healthOf(address)),
    ),
  );
  return [...processes, ...doors.flat()];
}

function doorFindings(name: string, address: string, seen: HealthSeen): readonly Finding[] {
  switch (seen) {
    case 'SERVING':
      return [];
    case 'NOT_SERVING':
      return [
        bad(
          name,
          `answers at ${address} that its bus or its store is away`,
          'look at nats-server and the store',
        ),
      ];
    case 'silent':
      return [bad(name, `does not answer at ${address}`, 'holdfast down && holdfast up --detach')];
    default:
      return seen satisfies never;
  }
}
