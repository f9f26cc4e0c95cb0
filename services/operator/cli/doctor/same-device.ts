import { stat } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import type { Spec } from '#libs/contracts/spec.ts';
import { warning, type Finding } from './finding.ts';

/** A store on the disk it protects is lost with it. A store elsewhere, or a place that is not on this host, says nothing. */
export async function sameDeviceFindings(spec: Spec, storeUrl: string): Promise<readonly Finding[]> {
  const store = storeUrl.startsWith('disk:')
    ? await deviceOf(fileURLToPath(`file:${storeUrl.slice('disk:'.length)}`))
    : undefined;
  if (store === undefined) return [];
  const places = [...spec.files.roots, ...spec.config.trees].filter(({ site }) => site === 'local');
  const devices = await Promise.all(
    places.map(async ({ name, path }) => ({ name, device: await deviceOf(path) })),
  );
  const same = devices.filter(({ device }) => device === store).map(({ name }) => name);
  if (same.length === 0) return [];
  return [
    warning(
      spec.deployment,
      `SAME DEVICE: the store is on the disk of ${same.join(', ')}; one dead disk takes both`,
      'give the store a disk of its own: holdfast up --store FOLDER; or a bucket',
    ),
  ];
}

async function deviceOf(path: string): Promise<number | undefined> {
  return await stat(path).then(
    ({ dev }) => dev,
    () => undefined,
  );
}
