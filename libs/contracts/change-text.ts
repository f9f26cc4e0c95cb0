import type { Change } from './manifest.ts';

/** A change as a person reads it. Pure. */
export function changeText({ kind, subject, before, after, since }: Change): string {
  return `${textOf(kind, subject, before, after)} (last seen otherwise in ${since})`;
}

function textOf(kind: Change['kind'], subject: string, before: string, after: string): string {
  switch (kind) {
    case 'table-emptied':
      return `table ${subject} turned empty: it had ${before} rows`;
    case 'table-gone':
      return `table ${subject} is gone: it had ${before} rows`;
    case 'tree-emptied':
      return `root ${subject} turned empty: it had ${before} files`;
    case 'tree-gone':
      return `root ${subject} is gone: it had ${before} files`;
    case 'key-changed':
      return `key ${subject} is another one: fingerprint ${before} became ${after}`;
    case 'key-gone':
      return `key ${subject} is gone: its fingerprint was ${before}`;
    case 'certificate-changed':
      return `certificate ${subject} is another one: fingerprint ${before} became ${after}`;
    case 'certificate-gone':
      return `certificate ${subject} is gone: its fingerprint was ${before}`;
    case 'instance-changed':
      return `database server is another one: system identifier ${before} became ${after}`;
    case 'database-changed':
      return `database has another name: ${before} became ${after}`;
    default:
      return kind satisfies never;
  }
}
