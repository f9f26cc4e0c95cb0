import { putFirst } from '#libs/store/objects.ts';
import type { ObjectStore } from '#libs/store/port.ts';
import type { Verdict, Verdicts } from '../ports.ts';

/** `verdicts/<deployment>/<backup>/<run>.<step>.json`, created once. */
export function verdictRecords(store: ObjectStore): Verdicts {
  return {
    async record(deployment, backupId, verdict) {
      const name = `verdicts/${deployment}/${backupId}/${verdict.runId}.${verdict.step}.json`;
      await putFirst(store, name, Buffer.from(JSON.stringify(verdict)));
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
