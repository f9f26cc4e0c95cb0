import { HoldfastError } from '#libs/kernel/errors.ts';
import type { ObjectStore } from '#libs/store/port.ts';
import type { Verdict, Verdicts } from '../ports.ts';

/** `verdicts/<deployment>/<backup>/<run>.<step>.json`, created once. */
export function verdictRecords(store: ObjectStore): Verdicts {
  return {
    async record(deployment, backupId, verdict) {
      const name = `verdicts/${deployment}/${backupId}/${verdict.runId}.${verdict.step}.json`;
      try {
        await store.put(name, Buffer.from(JSON.stringify(verdict)), { createOnly: true });
      } catch (error) {
        if (HoldfastError.from(error).code !== 'OBJECT_EXISTS') throw error;
      }
    },
    async list(deployment, backupId, signal) {
      const verdicts: Verdict[] = [];
      for await (const { name } of store.list(`verdicts/${deployment}/${backupId}/`, { signal })) {
        verdicts.push(JSON.parse((await store.get(name, { signal })).toString('utf8')) as Verdict);
      }
      return verdicts.toSorted((a, b) => (a.at < b.at ? -1 : 1));
    },
  };
}
