import type { OracleState } from '#test/demo/judge.ts';
import { same, sameTables, sameTree, type Seen } from './seen.ts';

/** One line of the analysis, as what must hold now. */
export interface Finding {
  readonly id: string;
  readonly title: string;
  readonly holds: (seen: Seen) => boolean;
}

const database = (seen: Seen) => ({ before: seen.before.database, after: seen.after.database });

export const FINDINGS: readonly Finding[] = [
  {
    id: 'F1',
    title: 'every row of every table is equal, also of tables nobody listed',
    holds: (seen) => sameTables(seen, /./),
  },
  {
    id: 'F2',
    title: 'every next value is above everything the source issued; a never-used sequence is never-used',
    holds: sequencesHold,
  },
  {
    id: 'F3',
    title: 'all constraints present, validated and switched on, no orphans',
    holds: constraintsHold,
  },
  {
    id: 'F4',
    title: 'primary keys of content types and permissions are kept, also over a populated target',
    holds: (seen) => keysKept(seen, seen.after) && keysKept(seen, seen.over),
  },
  {
    id: 'F5',
    title: 'migration state is equal, and the code finds nothing to migrate',
    holds: migrationsHold,
  },
  {
    id: 'F6',
    title: 'no trigger fired while loading; each is as it was',
    holds: (seen) =>
      same(database(seen).before.triggers, database(seen).after.triggers) && sameTables(seen, /audit_trail$/),
  },
  {
    id: 'F7',
    title: 'the document tree with modes, owners, times, links, empty folders and odd names',
    holds: (seen) => sameTree(seen, 'storage'),
  },
  { id: 'F8', title: '.env byte for byte, with its mode', holds: envHolds },
  { id: 'F9', title: 'certificates and keys', holds: (seen) => sameTree(seen, 'certificates') },
  { id: 'F10', title: 'logs are there, with everything they held', holds: logsHold },
  { id: 'F11', title: 'settings modules', holds: (seen) => sameTree(seen, 'settings') },
  {
    id: 'F12',
    title: 'an absent optional tree is absent, an absent required one is a refusal',
    holds: ({ process }) =>
      process !== undefined &&
      process.absentRoots.length > 0 &&
      process.missingRoot.exit === 4 &&
      process.missingRoot.codes.includes('ROOT_MISSING'),
  },
  {
    id: 'F13',
    title: 'a person logged in before the disaster is still logged in; keys open what they sealed',
    holds: sessionHolds,
  },
  {
    id: 'F17',
    title: 'before a restore every problem is listed at once, and nothing is touched',
    holds: ({ process }) =>
      process !== undefined &&
      process.brokenPlan.exit === 4 &&
      new Set(process.brokenPlan.codes).size >= 2 &&
      !process.brokenPlan.touched,
  },
  {
    id: 'F18',
    title: 'restoring over existing, drifted data ends in the backup’s state',
    holds: (seen) => seen.over !== undefined && sameTables({ before: seen.before, after: seen.over }, /./),
  },
  { id: 'F22', title: 'sequences are checked by program', holds: (seen) => checked(seen, /sequences/) },
  {
    id: 'F24',
    title: 'each document opens through the application, digest equal to its row',
    holds: documentsOpen,
  },
  {
    id: 'F26',
    title: 'periodic tasks and crontabs equal; the scheduler loads them',
    holds: (seen) => sameTables(seen, /celery_beat/) && seen.after.commands['beat']?.exit === 0,
  },
  {
    id: 'F27',
    title: 'complete loss: everything back, no manual step',
    holds: (seen) =>
      seen.process?.manualSteps === 0 &&
      sameTables(seen, /./) &&
      sameTree(seen, 'storage') &&
      envHolds(seen) &&
      sequencesHold(seen),
  },
  {
    id: 'F30',
    title: 'audit trail byte for byte, proved by its digests, still append-only',
    holds: auditHolds,
  },
  {
    id: 'F31',
    title: 'accounts, groups and permissions equal',
    holds: (seen) =>
      sameTables(seen, /(users|roles|user_roles|auth_group|auth_permission|users_groups)$/) &&
      same(seen.before.http?.permissions.body, seen.after.http?.permissions.body),
  },
  {
    id: 'F32',
    title: 'document life cycle and workflow state equal, history included',
    holds: (seen) => sameTables(seen, /(documents|document_versions|workflow|transitions)/),
  },
  {
    id: 'H1',
    title: 'every pack in the store is whole',
    holds: ({ process }) =>
      process !== undefined &&
      process.packs.length > 0 &&
      process.packs.every(({ name, sha256 }) => name === sha256),
  },
  {
    id: 'H2',
    title: 'a component that fails leaves no backup behind',
    holds: ({ process }) =>
      process !== undefined &&
      process.failedBackup.exit !== 0 &&
      process.failedBackup.listedAfter === process.failedBackup.listedBefore,
  },
  {
    id: 'H3',
    title: 'success is a measured comparison of something',
    holds: ({ process }) =>
      process !== undefined &&
      process.checks.length > 0 &&
      process.checks.every(({ ok, detail }) => ok && !detail.startsWith('0 ')),
  },
  {
    id: 'H6',
    title: 'every path in a row resolves to a file of its size and digest',
    holds: ({ after }) => documentsFit(after),
  },
];

function sequencesHold(seen: Seen): boolean {
  const { before, after } = database(seen);
  const names = Object.keys(before.sequences);
  return (
    names.length > 0 &&
    names.every((name) => {
      const was = before.sequences[name]!;
      const is = after.sequences[name];
      return (
        is !== undefined &&
        BigInt(is.next_value) >= BigInt(was.next_value) &&
        (was.is_called || !is.is_called)
      );
    })
  );
}

function constraintsHold(seen: Seen): boolean {
  const { before, after } = database(seen);
  return (
    same(before.constraints, after.constraints) && Object.values(after.orphans).every((rows) => rows === 0)
  );
}

function keysKept(seen: Seen, after: OracleState | undefined): boolean {
  return (
    after !== undefined &&
    sameTables({ before: seen.before, after }, /(django_content_type|auth_permission|auth_group)$/)
  );
}

function migrationsHold(seen: Seen): boolean {
  return sameTables(seen, /django_migrations$/) && seen.after.commands['migrate']?.exit === 0;
}

function envHolds({ before, after }: Seen): boolean {
  const was = before.env['.env'];
  const is = after.env['.env'];
  return was?.state === 'present' && same([was.sha256, was.mode, was.uid], [is?.sha256, is?.mode, is?.uid]);
}

function logsHold({ before, after }: Seen): boolean {
  const files = Object.entries(before.trees['logs']?.entries ?? {}).filter(
    ([, entry]) => entry.type === 'file',
  );
  return (
    files.length > 0 &&
    files.every(([path, entry]) => (after.trees['logs']?.entries[path]?.size ?? -1) >= entry.size)
  );
}

function sessionHolds({ before, after }: Seen): boolean {
  const was = before.http?.old_session;
  return was?.status === 200 && same(was, after.http?.old_session) && after.commands['canary']?.exit === 0;
}

function documentsOpen({ before, after }: Seen): boolean {
  const keys = Object.keys(before.http?.documents ?? {});
  return (
    keys.length > 0 &&
    keys.every((key) => after.http?.documents[key]?.status === 200 && after.http.documents[key].equals_row)
  );
}

function auditHolds(seen: Seen): boolean {
  const guards = Object.entries(seen.after.database.triggers).filter(([name]) =>
    name.includes('audit_trail'),
  );
  return (
    sameTables(seen, /audit_trail$/) &&
    seen.after.commands['audit']?.exit === 0 &&
    guards.length > 0 &&
    guards.every(([, trigger]) => trigger.enabled === 'O')
  );
}

function documentsFit(state: OracleState): boolean {
  const verdicts = Object.values(state.documents).flatMap((rows) => Object.values(rows));
  return (
    verdicts.some(({ verdict }) => verdict === 'ok') &&
    verdicts.every(({ verdict }) => verdict === 'ok' || verdict === 'no path')
  );
}

function checked({ process }: Seen, pattern: RegExp): boolean {
  return process?.checks.some(({ name, ok }) => pattern.test(name) && ok) === true;
}
