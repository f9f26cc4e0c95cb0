import { parseRelocation, relocate } from '#libs/contracts/relocation.ts';
import { parseSpec, type Spec } from '#libs/contracts/spec.ts';
import { HoldfastError } from '#libs/kernel/errors.ts';
import { TOKEN_PATTERN } from '#libs/kernel/ids.ts';
import { countBySearch } from '#libs/saga/chain.ts';
import type { ObjectStore } from '#libs/store/port.ts';

/** Contenders for the next version; more than this many lost races in a row is not a race any more. */
const RACES_MAX = 20;

interface Options {
  readonly signal?: AbortSignal;
}

/** Which declaration, and where it is to be carried out: a command or a question of the contracts. */
export interface PinnedSpec {
  readonly deployment: string;
  readonly specVersion: number;
  /** JSON of a Relocation; empty for where the spec says. */
  readonly relocationJson: string;
}

/** The declaration a run is pinned to, relocated. Throws DEPLOYMENT_NOT_FOUND, SPEC_INVALID, MESSAGE_MALFORMED. */
export async function readSpec(store: ObjectStore, pinned: PinnedSpec, options: Options = {}): Promise<Spec> {
  const { deployment, specVersion, relocationJson } = pinned;
  const spec = parseSpec(await readSpecText(store, deployment, specVersion, options));
  return relocate(spec, parseRelocation(relocationJson));
}

/** As it was declared, comments included. Throws DEPLOYMENT_NOT_FOUND. */
export async function readSpecText(
  store: ObjectStore,
  deployment: string,
  version: number,
  options: Options = {},
): Promise<string> {
  try {
    return (await store.get(specName(deployment, version), options)).toString('utf8');
  } catch (cause) {
    if (HoldfastError.from(cause).code !== 'OBJECT_MISSING') throw cause;
    throw new HoldfastError('DEPLOYMENT_NOT_FOUND', { deployment, specVersion: version }, { cause });
  }
}

/** Throws DEPLOYMENT_NOT_FOUND. */
export async function latestSpecVersion(
  store: ObjectStore,
  deployment: string,
  options: Options = {},
): Promise<number> {
  const latest = await findLatest(store, deployment, options);
  if (latest === 0) throw new HoldfastError('DEPLOYMENT_NOT_FOUND', { deployment });
  return latest;
}

/** Stores the text as the next version; the text of the newest version again is that version. */
export async function writeSpec(
  store: ObjectStore,
  deployment: string,
  yamlText: string,
  options: Options = {},
): Promise<{ version: number }> {
  for (let race = 0; race < RACES_MAX; race += 1) {
    const latest = await findLatest(store, deployment, options);
    if (latest > 0 && (await readSpecText(store, deployment, latest, options)) === yamlText)
      return { version: latest };
    if (await createVersion(store, specName(deployment, latest + 1), yamlText, options))
      return { version: latest + 1 };
  }
  throw new HoldfastError('STORE_THROTTLED', { deployment, reason: 'others declare it at the same time' });
}

/** In code-unit order; costs one short listing per deployment, not one over all logs: its checkpoints sort before them. */
export async function listDeployments(store: ObjectStore, options: Options = {}): Promise<string[]> {
  const found: string[] = [];
  for (let startAfter = 'deployments/'; ;) {
    const next = await firstAfter(store, startAfter, options);
    // Below its slash a name sorts before the names that it begins.
    if (next === undefined) return found.toSorted();
    const deployment = next.split('/')[1]!;
    found.push(deployment);
    // All there is below a deployment sorts before it.
    startAfter = `deployments/${deployment}/zzz`;
  }
}

function specName(deployment: string, version: number): string {
  return `deployments/${deployment}/spec/${version}.yaml`;
}

async function findLatest(store: ObjectStore, deployment: string, options: Options): Promise<number> {
  if (!TOKEN_PATTERN.test(deployment)) return 0;
  // By name: a listing that is late would hide a declaration.
  return await countBySearch(
    async (index) => (await store.head(specName(deployment, index + 1), options)) !== undefined,
    0,
  );
}

async function createVersion(
  store: ObjectStore,
  name: string,
  text: string,
  options: Options,
): Promise<boolean> {
  try {
    await store.put(name, Buffer.from(text), { createOnly: true, ...options });
    return true;
  } catch (thrown) {
    if (HoldfastError.from(thrown).code === 'OBJECT_EXISTS') return false;
    throw thrown;
  }
}

async function firstAfter(
  store: ObjectStore,
  startAfter: string,
  options: Options,
): Promise<string | undefined> {
  for await (const { name } of store.list('deployments/', { startAfter, ...options })) return name;
  return undefined;
}
