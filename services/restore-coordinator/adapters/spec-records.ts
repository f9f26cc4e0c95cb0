import { parseSpec } from '#libs/contracts/spec.ts';
import { latestSpecVersion, listDeployments, readSpecText, writeSpec } from '#libs/runtime/spec-store.ts';
import type { ObjectStore } from '#libs/store/port.ts';
import type { DeclaredSpec, Specs } from '../ports.ts';

/** `deployments/<deployment>/spec/<n>.yaml`. */
export function specRecords(store: ObjectStore): Specs {
  const read = async (deployment: string, version?: number): Promise<DeclaredSpec> => {
    const n = version ?? (await latestSpecVersion(store, deployment));
    const yaml = await readSpecText(store, deployment, n);
    return { spec: parseSpec(yaml), version: n, yaml };
  };
  return {
    async declare(yaml) {
      const { deployment } = parseSpec(yaml);
      const { version } = await writeSpec(store, deployment, yaml);
      return read(deployment, version);
    },
    read,
    list: () => listDeployments(store),
  };
}
