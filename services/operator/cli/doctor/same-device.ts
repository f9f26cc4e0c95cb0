import { stat } from 'node:fs/promises';
import { relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Spec } from '#libs/contracts/spec.ts';
import { bad, warning, type Finding } from './finding.ts';

/** Whoever sets the application up anew, or removes its volume, takes such a store with it. */
export function inReachFindings(spec: Spec, storeUrl: string): readonly Finding[] {
  const store = folderOf(storeUrl);
  if (store === undefined) return [];
  const places = [...spec.files.roots, ...spec.config.trees, ...applicationOf(spec)];
  const around = places.filter(({ path }) => !relative(path, store).startsWith('..'));
  return around.map(({ name, path }) =>
    bad(
      spec.deployment,
      `IN REACH: the store lies in ${path} (${name}), where the application may delete it`,
      'give the store a folder of another user, outside of the application: holdfast up --store FOLDER; or a bucket',
    ),
  );
}

function applicationOf({ application }: Spec) {
  return application === undefined ? [] : [{ name: 'application', path: application.root }];
}

/** A store on the disk it protects is lost with it. A store elsewhere, or a place that is not on this host, says nothing. */
export async function sameDeviceFindings(spec: Spec, storeUrl: string): Promise<readonly Finding[]> {
  const store = await deviceOfStore(storeUrl);
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

/** Undefined for a bucket, and for a folder that is not there. */
export async function deviceOfStore(storeUrl: string): Promise<number | undefined> {
  const folder = folderOf(storeUrl);
  return folder === undefined ? undefined : await deviceOf(folder);
}

function folderOf(storeUrl: string): string | undefined {
  return storeUrl.startsWith('disk:') ? fileURLToPath(`file:${storeUrl.slice('disk:'.length)}`) : undefined;
}

async function deviceOf(path: string): Promise<number | undefined> {
  return await stat(path).then(
    ({ dev }) => dev,
    () => undefined,
  );
}
