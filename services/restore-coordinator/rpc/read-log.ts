import type { CallContext } from '#libs/runtime/contract.ts';
import type { CoordinatorPorts } from '../ports.ts';

/** Entries between two times, of a log whose chain holds. Throws DEPLOYMENT_NOT_FOUND, JOURNAL_BROKEN. */
export async function readLog(
  request: { deployment: string; from: string; to: string },
  { signal }: CallContext,
  { specs, verifyLog }: CoordinatorPorts,
) {
  await specs.read(request.deployment);
  const isAsked = ({ at }: { readonly at: string }) => isWithin(at, request);
  const { entries, total, headDigest } = await verifyLog(request.deployment, isAsked, signal);
  return {
    entries: entries.map(({ n, at, event: { kind, ...detail } }) => ({
      number: n,
      at,
      kind,
      detailJson: JSON.stringify(detail),
    })),
    total,
    headDigest,
  };
}

function isWithin(at: string, { from, to }: { from: string; to: string }): boolean {
  const time = Date.parse(at);
  return (from === '' || time >= Date.parse(from)) && (to === '' || time <= Date.parse(to));
}
