import { isoTime, type Clock } from '#libs/kernel/clock.ts';
import type { Repository } from '#libs/repository/port.ts';
import { openLogs } from '#libs/saga/logs.ts';
import type { ObjectStore } from '#libs/store/port.ts';
import type { Vault } from '../ports.ts';

const FINGERPRINT_CHARACTERS = 16;
/** One purpose for all values: equal ones are seen to be equal under any name. */
const PURPOSE = 'config-value';

/** Versions are the deployment's config snapshots; releases are entries of its log. */
export function openVault(deps: {
  readonly store: ObjectStore;
  readonly repository: Repository;
  readonly clock: Clock;
}): Vault {
  const { store, repository, clock } = deps;
  const logs = openLogs(store, clock);
  return {
    async *versions(deployment, signal) {
      const prefix = `snapshots/${deployment}/config/`;
      for await (const { name } of store.list(prefix, { signal })) yield name.slice(prefix.length);
    },
    fingerprint: (value) => repository.mac(PURPOSE, value).slice(0, FINGERPRINT_CHARACTERS),
    async recordRelease(deployment, { principal, snapshot, file, name, reason }) {
      const at = isoTime(clock);
      await logs.append(deployment, () => ({
        kind: 'value-released',
        principal,
        at,
        snapshot,
        file,
        name,
        reason,
      }));
    },
  };
}
