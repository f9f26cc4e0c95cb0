import type { TreeRecord } from '#libs/contracts/tree-snapshot.ts';
import { HoldfastError, problem, refuseAll } from '#libs/kernel/errors.ts';
import type { CallContext } from '#libs/runtime/contract.ts';
import { showPath, TOP } from '#libs/trees/paths.ts';
import { envPathOf } from '../domain/component.ts';
import { envValues } from '#libs/kernel/env-values.ts';
import type { ConfigPorts } from '../ports.ts';

export interface ReleaseValueRequest {
  readonly deployment: string;
  readonly snapshotId: string;
  /** Path of an env file, or root/path of a file in a tree. */
  readonly file: string;
  /** A variable of the env file; empty for the whole file. */
  readonly name: string;
  readonly reason: string;
}

/** A value leaves only after its release is in the deployment's log. Throws MESSAGE_MALFORMED, NOT_FOUND. */
export async function releaseValue(
  request: ReleaseValueRequest,
  { principal, signal }: CallContext,
  ports: ConfigPorts,
): Promise<{ value: Buffer }> {
  requireFields(request);
  const { deployment, snapshotId: snapshot, file, name, reason } = request;
  const value = await requireValue(request, ports, signal);
  await ports.vault.recordRelease(deployment, { principal, snapshot, file, name, reason });
  return { value };
}

function requireFields(request: ReleaseValueRequest): void {
  const problems = (['deployment', 'snapshotId', 'file', 'reason'] as const)
    .filter((field) => request[field].trim() === '')
    .map((field) => problem('MESSAGE_MALFORMED', field, `${field} is empty`, `say the ${field}`));
  refuseAll('MESSAGE_MALFORMED', problems, { method: 'ReleaseValue' });
}

async function requireValue(
  { deployment, snapshotId: id, file, name }: ReleaseValueRequest,
  { snapshots }: ConfigPorts,
  signal: AbortSignal,
): Promise<Buffer> {
  const snapshot = await snapshots.find({ deployment, component: 'config', id }, signal);
  for await (const record of snapshots.listing(snapshot, signal)) {
    if (record.kind !== 'file' || fileNameOf(record) !== file) continue;
    const content = Buffer.concat(await Array.fromAsync(snapshots.content(record.data, signal)));
    const value = name === '' ? content : envValues(content).get(name);
    if (value !== undefined) return Buffer.from(value);
  }
  throw new HoldfastError('NOT_FOUND', { snapshot: id, file, name });
}

function fileNameOf({ root, path }: TreeRecord): string {
  return envPathOf(root) ?? (path === TOP ? root : `${root}/${showPath(path)}`);
}
