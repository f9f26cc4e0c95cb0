import {
  auditHolds,
  checked,
  constraintsHold,
  documentsFit,
  documentsOpen,
  envHolds,
  keysKept,
  logsHold,
  measured,
  migrationsHold,
  sequencesHold,
  sessionHolds,
  wholeState,
} from './holds.ts';
import { same, sameTables, sameTree, type Seen } from './seen.ts';

/** One line of the analysis, as what must hold now. */
export interface Finding {
  readonly id: string;
  readonly title: string;
  readonly holds: (seen: Seen) => boolean;
}

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
      same(seen.before.database.triggers, seen.after.database.triggers) &&
      sameTables(seen, /(audit_trail|database_change_log)$/),
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
      new Set(process.brokenPlan.codes).size >= 3 &&
      !process.brokenPlan.touched,
  },
  {
    id: 'F18',
    title: 'restoring over existing, drifted data ends in the backup’s state',
    holds: (seen) => seen.over !== undefined && wholeState({ ...seen, after: seen.over }),
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
    holds: (seen) => seen.process?.manualSteps === 0 && wholeState(seen),
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
      sameTables(seen, /(users|roles|user_roles|auth_group|auth_permission|users_groups|_permissions)$/) &&
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
      process.failedBackups.exits.length > 0 &&
      !process.failedBackups.exits.includes(0) &&
      process.failedBackups.listedAfter === process.failedBackups.listedBefore,
  },
  {
    id: 'H3',
    title: 'success is a measured comparison of something',
    holds: measured,
  },
  {
    id: 'H4',
    title:
      'nothing is loaded into another release’s schema: beside and whole, and the code is known to fit first',
    holds: (seen) =>
      seen.over !== undefined &&
      wholeState({ ...seen, after: seen.over }) &&
      seen.process?.migrationVerdict === 'equal',
  },
  {
    id: 'H5',
    title: 'no account is made by a restore, and no identifier is another',
    holds: (seen) => sameTables(seen, /\b(users|documents)$/),
  },
  {
    id: 'H6',
    title: 'every path in a row resolves to a file of its size and digest',
    holds: ({ after }) => documentsFit(after),
  },
];
