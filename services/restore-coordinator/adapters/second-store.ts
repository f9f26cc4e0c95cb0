import { harmedBackups, healObjects } from '#libs/replica/heal.ts';
import { replicate } from '#libs/replica/replicate.ts';
import type { Host } from '#libs/runtime/host.ts';
import { listDeployments } from '#libs/runtime/spec-store.ts';
import type { Logs } from '#libs/saga/logs.ts';
import type { CoordinatorPorts } from '../ports.ts';

/** What looks after both stores. */
export function careOf(
  { store, second, repository }: Host,
  logs: Logs,
): Pick<CoordinatorPorts, 'second' | 'harmedBackups'> {
  const verify: typeof repository.verifySignature = (...signed) => repository.verifySignature(...signed);
  return {
    harmedBackups: (objects, signal) => harmedBackups(objects, { store, verify, repository, signal }),
    second: second && {
      name: second.name,
      replicate: async (signal, onProgress) =>
        await replicate({
          from: store,
          to: second,
          verify,
          deployments: await listDeployments(store, { signal }),
          readLog: logs.read,
          signal,
          onProgress,
        }),
      heal: (which, objects, signal) => {
        const [damaged, other] = which === 'first' ? [store, second] : [second, store];
        return healObjects(objects, { store: damaged, other, verify, signal });
      },
    },
  };
}
