import type { Deployment } from '../twins/deployment.ts';

/** P4: whenever the application could start, database, files and configuration belong to one state. */
export function neverAMixture(deployment: Deployment): string | undefined {
  const mixture = deployment.mixture();
  return mixture === undefined ? undefined : `${deployment.name} could start on a state ${mixture}`;
}
