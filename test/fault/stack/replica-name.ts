/** `service`, or `service.2` for its second process. */
export function replicaName(name: string, at: number): string {
  return at === 0 ? name : `${name}.${at + 1}`;
}
