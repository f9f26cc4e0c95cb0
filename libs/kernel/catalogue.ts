/**
 * Every failure Holdfast can name. The code travels over NATS and gRPC (classes do not), so it is stable:
 * renaming one is a breaking change. `remedy` is one sentence with something to paste.
 */
export type RetryClass = 'transient' | 'permanent' | 'corrupt' | 'bug';

/** Documented, stable exit codes of the CLI. */
export const EXIT = {
  good: 0,
  usage: 2,
  partial: 3,
  refused: 4,
  failed: 5,
  manual: 6,
  cancelled: 130,
} as const;

export type GrpcStatusName =
  | 'CANCELLED'
  | 'INVALID_ARGUMENT'
  | 'DEADLINE_EXCEEDED'
  | 'NOT_FOUND'
  | 'ALREADY_EXISTS'
  | 'PERMISSION_DENIED'
  | 'FAILED_PRECONDITION'
  | 'ABORTED'
  | 'UNAVAILABLE'
  | 'DATA_LOSS'
  | 'UNIMPLEMENTED'
  | 'INTERNAL'
  | 'UNAUTHENTICATED';

interface Entry {
  readonly what: string;
  readonly remedy: string;
  readonly retry: RetryClass;
  readonly status: GrpcStatusName;
  readonly exit: number;
}

const refused = (what: string, remedy: string): Entry => ({
  what,
  remedy,
  retry: 'permanent',
  status: 'FAILED_PRECONDITION',
  exit: EXIT.refused,
});
const usage = (what: string, remedy: string): Entry => ({
  what,
  remedy,
  retry: 'permanent',
  status: 'INVALID_ARGUMENT',
  exit: EXIT.usage,
});
const transient = (what: string, remedy: string): Entry => ({
  what,
  remedy,
  retry: 'transient',
  status: 'UNAVAILABLE',
  exit: EXIT.failed,
});
const corrupt = (what: string, remedy: string): Entry => ({
  what,
  remedy,
  retry: 'corrupt',
  status: 'DATA_LOSS',
  exit: EXIT.refused,
});
const failed = (what: string, remedy: string): Entry => ({
  what,
  remedy,
  retry: 'permanent',
  status: 'ABORTED',
  exit: EXIT.failed,
});

export const CATALOGUE = {
  // general
  INTERNAL: {
    what: 'unexpected error',
    remedy: 'this is a fault of Holdfast: keep the log and report it',
    retry: 'bug',
    status: 'INTERNAL',
    exit: EXIT.failed,
  },
  CANCELLED: {
    what: 'cancelled',
    remedy: 'nothing was changed; start the run again when ready',
    retry: 'permanent',
    status: 'CANCELLED',
    exit: EXIT.cancelled,
  },
  DEADLINE_EXCEEDED: {
    what: 'deadline exceeded',
    remedy: 'see what it waits for: holdfast runs show RUN',
    retry: 'transient',
    status: 'DEADLINE_EXCEEDED',
    exit: EXIT.failed,
  },
  REFUSED: refused(
    'refused before anything was touched',
    'solve each problem in the list, then run the same command again',
  ),
  USAGE: usage('wrong use of the command', 'see: holdfast help'),
  NOT_FOUND: {
    what: 'not found',
    remedy: 'list what there is: holdfast backups list',
    retry: 'permanent',
    status: 'NOT_FOUND',
    exit: EXIT.usage,
  },
  UNAUTHENTICATED: {
    what: 'no valid token',
    remedy: 'run as the user who owns the home folder, or set HOLDFAST_TOKEN_FILE',
    retry: 'permanent',
    status: 'UNAUTHENTICATED',
    exit: EXIT.refused,
  },
  VERSION_MISMATCH: {
    what: 'the other side is of another version and does not know what is asked',
    remedy: 'let stack and command be of one version: holdfast down, then holdfast up --detach',
    retry: 'permanent',
    status: 'UNIMPLEMENTED',
    exit: EXIT.refused,
  },
  MESSAGE_MALFORMED: usage('message does not have the agreed shape', 'compare it with protos/README.md'),
  // configuration and declaration
  CONFIG_INVALID: usage('configuration is not valid', 'correct the listed values'),
  SPEC_INVALID: usage(
    'deployment spec is not valid',
    'correct the listed lines of the spec, then: holdfast init --spec FILE',
  ),
  HOME_IN_USE: refused('another stack runs on this home', 'use it, or stop it first: holdfast down'),
  TOOL_MISSING: refused('a needed program is missing', 'install it, or let it be fetched: holdfast doctor'),
  SECRET_MISSING: refused(
    'a secret named in the spec is not set',
    'put NAME=value into services.env of the home folder',
  ),
  // store and repository
  STORE_UNREACHABLE: transient('object store does not answer', 'check that the store runs: holdfast doctor'),
  STORE_THROTTLED: transient('object store asks to slow down', 'wait; Holdfast retries by itself'),
  STORE_FULL: {
    what: 'object store is full',
    remedy: 'free space or enlarge the store, then run again',
    retry: 'permanent',
    status: 'UNAVAILABLE',
    exit: EXIT.failed,
  },
  STORE_REFUSED: refused(
    'object store refused the request',
    'check bucket name, credentials and policy: holdfast doctor',
  ),
  STORE_NOT_CREATE_ONLY: refused(
    'object store does not honour create-only writes',
    'use a store that honours If-None-Match (MinIO, S3, versitygw) or a folder of a file system with hard links',
  ),
  STORE_CANNOT_LOCK: refused(
    'object store cannot lock objects',
    'use a bucket that was made with object lock enabled, or leave policy.lock out of the spec',
  ),
  OBJECT_EXISTS: {
    what: 'object exists already',
    remedy: 'read the existing object',
    retry: 'permanent',
    status: 'ALREADY_EXISTS',
    exit: EXIT.failed,
  },
  OBJECT_MISSING: corrupt(
    'object is not in the store',
    'restore from an older backup: holdfast backups list',
  ),
  OBJECT_DAMAGED: corrupt(
    'an object of the store is damaged',
    'put it back from a copy of the store; with a second store: holdfast scrub DEPLOYMENT',
  ),
  OBJECT_NAME_INVALID: usage(
    'object name is not valid',
    'use letters, digits, dot, dash, underscore and slash',
  ),
  SECOND_STORE_MISSING: refused(
    'there is no second store',
    'name one: holdfast up --second-store FOLDER, or HOLDFAST_SECOND_STORE_URL',
  ),
  SECOND_STORE_SAME: refused(
    'the second store is the first one',
    'name another place: a folder of another disk, or a bucket elsewhere',
  ),
  STORE_DAMAGED: corrupt(
    'objects of the store are damaged and could not be put back',
    'keep the store as it is; back up again, and give it a second store: holdfast up --second-store FOLDER',
  ),
  REPOSITORY_MISSING: refused('store holds no Holdfast repository', 'create one: holdfast init'),
  REPOSITORY_FOREIGN: refused(
    'store belongs to another repository',
    'point the store at the right bucket or folder',
  ),
  REPOSITORY_VERSION: refused(
    'repository has a format this version does not read',
    'use the holdfast.mjs that lies in about/ of the store',
  ),
  REPOSITORY_READ_ONLY: refused(
    'repository is open for reading only',
    'restore as usual; to back up again, put the named object back from a copy of the store: holdfast doctor',
  ),
  KEY_WRONG: refused(
    'key does not open this repository',
    'give the recovery key written at init: --key FILE',
  ),
  KEYS_REFUSED: refused(
    'change of who has a key is refused; nothing was changed',
    'look who has one: holdfast keys list',
  ),
  KEY_MISSING: refused('repository key file is missing', 'give the recovery key written at init: --key FILE'),
  PACK_DAMAGED: corrupt('pack is damaged', 'restore from an older backup: holdfast backups list'),
  CHUNK_MISSING: corrupt(
    'chunk is not in the repository',
    'restore from an older backup: holdfast backups list',
  ),
  CLEANING_UNSAFE: corrupt(
    'it is not known what may be removed; nothing was',
    'put the named object back from a copy of the store; backups and restores go on as usual',
  ),
  CHUNK_UNSOUND: corrupt(
    'what was sealed a moment ago does not open: memory or processor of this machine are at fault',
    'back up from another machine, and test the memory of this one',
  ),
  SNAPSHOT_DAMAGED: corrupt('snapshot is damaged', 'restore from an older backup: holdfast backups list'),
  MANIFEST_DAMAGED: corrupt(
    'manifest is damaged or not signed by this repository',
    'restore from another backup: holdfast backups list',
  ),
  JOURNAL_BROKEN: corrupt(
    'journal or log does not continue its chain',
    'keep the store as it is and report it',
  ),
  // database
  DATABASE_UNREACHABLE: transient(
    'database does not answer',
    'check address, port and that the server runs, then run again',
  ),
  DATABASE_LOGIN_REFUSED: refused(
    'database refuses the login',
    'correct user, password or pg_hba.conf of the address in services.env',
  ),
  DATABASE_MISSING: refused(
    'database does not exist',
    'correct the database name of the address in services.env',
  ),
  DATABASE_PRIVILEGE_MISSING: refused('role lacks a privilege', 'run the GRANT shown, as an administrator'),
  DATABASE_ROW_SECURITY: refused(
    'row-level security would hide rows from the role',
    'give the reading role BYPASSRLS: ALTER ROLE … BYPASSRLS',
  ),
  DATABASE_POOLED: refused(
    'a pool stands before the server and does not keep a session’s settings',
    'give the server’s own address in place of the pool’s',
  ),
  DATABASE_LOCKS_MISSING: refused(
    'server has too few locks for all relations of the database',
    'raise max_locks_per_transaction, then restart PostgreSQL',
  ),
  DATABASE_CLIENT_TOO_OLD: refused(
    'no PostgreSQL client at least as new as the server was found',
    'install a client of the server’s major version',
  ),
  DATABASE_UNSUPPORTED: refused(
    'database holds objects this version does not back up',
    'see the list; exclude or convert them',
  ),
  DATABASE_CONTENDED: transient(
    'sessions waited behind our locks, or we behind theirs',
    'run again when the named statements have ended',
  ),
  DATABASE_CHANGED_MEANWHILE: transient(
    'relations changed while locks were taken',
    'wait; Holdfast starts the step again by itself',
  ),
  DATABASE_COPY_DIFFERS: transient(
    'a copy has not the rows that a count of the same moment found',
    'Holdfast reads it again by itself; when it comes again, check memory and disks of the database’s host',
  ),
  DATABASE_QUERY_FAILED: failed('database refused a statement', 'see the statement and the server’s message'),
  DATABASE_SESSIONS_OPEN: refused(
    'sessions are open on the database and no stop hook is declared',
    'stop the application, or declare hooks.stop in the spec',
  ),
  DATABASE_SAME_TARGET: refused('target database is in use by another deployment', 'give another name'),
  TOOL_FAILED: failed('a program ended with an error', 'see its last lines'),
  // files and configuration
  ROOT_MISSING: refused(
    'a required folder is missing',
    'create or mount it, or mark it optional in the spec',
  ),
  FILE_UNREADABLE: refused(
    'a file cannot be read',
    'give the reading user access, or exclude it in the spec',
  ),
  FILE_CHANGED: {
    what: 'a file changed while it was read',
    remedy: 'run again when it is quiet',
    retry: 'transient',
    status: 'ABORTED',
    exit: EXIT.partial,
  },
  PATH_ESCAPES_ROOT: refused('a document path leaves its root', 'correct the row, or the root in the spec'),
  DOCUMENT_MISSING: {
    what: 'a row names a file that is not there',
    remedy: 'see the list; restore the file or correct the row',
    retry: 'permanent',
    status: 'FAILED_PRECONDITION',
    exit: EXIT.partial,
  },
  STAGE_GONE: refused(
    'staging place is gone or no longer this attempt’s',
    'nothing was switched; see who owns it now: holdfast runs show RUN',
  ),
  PLACE_IN_USE: refused('a place is in use already', 'name another place for it'),
  SPACE_MISSING: refused('not enough free space', 'free the space named, then run again'),
  NOT_WRITABLE: refused('a place cannot be written', 'give the restoring user access to it'),
  ENV_FILE_TOO_LARGE: refused(
    'an env file is larger than 256 KiB',
    'keep variables in it, and put the rest into a file of a tree (config.trees)',
  ),
  VARIABLE_MISSING: refused(
    'a required variable is missing',
    'add it to the env file, or give it as an override',
  ),
  REWRITE_UNMATCHED: refused(
    'a declared rewrite fits nothing in the backup',
    'correct file, format and keys of config.rewrite in the spec, then: holdfast init --spec FILE',
  ),
  VALUE_FOREIGN: corrupt('sealed value does not open', 'check that this is the vault’s own repository key'),
  // runs
  BACKUP_NOT_FOUND: {
    what: 'no such backup',
    remedy: 'list what there is: holdfast backups list DEPLOYMENT',
    retry: 'permanent',
    status: 'NOT_FOUND',
    exit: EXIT.usage,
  },
  DEPLOYMENT_NOT_FOUND: {
    what: 'no such deployment',
    remedy: 'declare it: holdfast init',
    retry: 'permanent',
    status: 'NOT_FOUND',
    exit: EXIT.usage,
  },
  RUN_NOT_FOUND: {
    what: 'no such run',
    remedy: 'list them: holdfast runs list',
    retry: 'permanent',
    status: 'NOT_FOUND',
    exit: EXIT.usage,
  },
  TRIGGER_UNKNOWN: refused(
    'the spec names no trigger of this type',
    'add it under triggers in the spec, then: holdfast init --spec FILE',
  ),
  REQUEST_ID_TAKEN: {
    what: 'the request id was used for another kind of run',
    remedy: 'send another --request-id, or none',
    retry: 'permanent',
    status: 'ALREADY_EXISTS',
    exit: EXIT.usage,
  },
  RUN_IN_PROGRESS: {
    what: 'another exclusive run holds the deployment',
    remedy: 'wait for it, or cancel it: holdfast runs cancel RUN',
    retry: 'transient',
    status: 'ABORTED',
    exit: EXIT.refused,
  },
  RUN_TAKEN_OVER: {
    what: 'another coordinator drives the run by now',
    remedy: 'nothing is to be done: the run goes on there, holdfast runs show RUN',
    retry: 'permanent',
    status: 'ABORTED',
    exit: EXIT.failed,
  },
  MIGRATIONS_DIFFER: refused(
    'migrations of the backup are not those of the code',
    'install the release that the backup was made with, or go on and migrate after the restore',
  ),
  BACKUP_PARTIAL: refused(
    'something could not be taken whole, and policy.partial is refuse',
    'see the list; to commit a backup that says partial instead, set policy.partial to keep',
  ),
  BACKUP_NOT_WHOLE: refused(
    'backup holds some components only, and more is asked of it',
    'holdfast backups list DEPLOYMENT; name what is to be restored of it: --only COMPONENT',
  ),
  CHANGED_SINCE_LAST: refused(
    'source is not what it was at the last backup, and nobody has said that this is meant',
    'look at each change; when all are meant: holdfast backup DEPLOYMENT --accept-changes',
  ),
  PLAN_CHANGED: refused(
    'plan is not the one that was approved',
    'look at the new plan: holdfast restore --plan',
  ),
  STEP_FAILED: failed('a step failed; the old state is intact', 'see: holdfast runs show RUN'),
  UNDO_FAILED: {
    what: 'a step failed and could not be undone',
    remedy: 'do the named step by hand',
    retry: 'permanent',
    status: 'ABORTED',
    exit: EXIT.manual,
  },
  PROOF_FAILED: failed(
    'restored content differs from what the source said',
    'see the differences; the old state is intact',
  ),
  CHECK_FAILED: failed('a check on the restored system failed', 'see the check; the old state was put back'),
  HOOK_FAILED: failed(
    'a hook of the deployment failed',
    'its last lines are in logs/hooks.log of the home folder; run it by hand',
  ),
  WORKER_SILENT: transient('no worker took the command', 'check that the services run: holdfast doctor'),
  BUS_UNREACHABLE: transient(
    'message bus does not answer',
    'wait; runs go on when it is back, or restart: holdfast up',
  ),
  BUS_TOO_OLD: refused('nats-server is older than 2.10', 'install nats-server 2.10 or newer'),
  SERVICE_UNREACHABLE: transient('service does not answer', 'start the stack: holdfast up'),
} as const satisfies Record<string, Entry>;

export type ErrorCode = keyof typeof CATALOGUE;

/** The store is away, slow or full. What was to be done is sound: it waits until the store takes bytes again. */
export const STORE_TROUBLES: ReadonlySet<ErrorCode> = new Set([
  'STORE_UNREACHABLE',
  'STORE_THROTTLED',
  'STORE_FULL',
]);

export function isErrorCode(value: unknown): value is ErrorCode {
  return typeof value === 'string' && Object.hasOwn(CATALOGUE, value);
}
