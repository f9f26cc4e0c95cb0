import type { DatabaseFacts } from '#libs/contracts/database-snapshot.ts';
import { factsOf, type Change, type Manifest } from '#libs/contracts/manifest.ts';
import type { ConfigFacts, RootFacts } from '#libs/contracts/tree-snapshot.ts';

type Snapshots = Manifest['snapshots'];
type Aspect = 'rows' | 'files' | 'key' | 'certificate' | 'instance' | 'database';

/** One thing that is watched from backup to backup; `value` is a count, a fingerprint or a name. */
interface Watched {
  readonly aspect: Aspect;
  readonly subject: string;
  readonly value: string;
  readonly since: string;
}
type Census = ReadonlyMap<string, Watched>;

/** Variables that open or sign something: another value makes what exists unreadable. */
const KEY_NAME = /(?:SECRET|KEYS?|SALT)(?:_|$)/i;

/**
 * What turned empty, went away or became another one since `previous`. A change that nobody accepted is said again by
 * every later backup until it is accepted or things are as they were: it is compared with the last state that was
 * good, not with yesterday's hole. Pure.
 */
export function changesSince(
  previous: Manifest,
  snapshots: Snapshots,
  mayEmpty: readonly string[],
): readonly Change[] {
  const now = censusOf(snapshots, '');
  const taken = new Set(snapshots.map(({ component }) => component));
  const free = new Set(mayEmpty);
  return [...baselineOf(previous, taken).values()].flatMap((before) => {
    const mayTurn = free.has(before.subject) || free.has(before.subject.replace(/^public\./, ''));
    const change = compare(before, now.get(keyOf(before)));
    return change === undefined || (mayTurn && change.kind.endsWith('-emptied')) ? [] : [change];
  });
}

/** Of another server, or another database: a backup of the wrong one would push the right ones out. */
export function isOfInstance({ kind }: Change): boolean {
  return kind === 'instance-changed' || kind === 'database-changed';
}

/** The previous state, with what was lost before and never accepted still in it. */
function baselineOf(previous: Manifest, taken: ReadonlySet<string>): Census {
  const looked = previous.snapshots.filter(({ component }) => taken.has(component));
  const baseline = new Map(censusOf(looked, previous.backupId));
  if (previous.changesAcceptedBy !== undefined) return baseline;
  for (const { kind, subject, before, since } of previous.changes ?? []) {
    const watched = { aspect: ASPECT_OF[kind], subject, value: before, since };
    // Whose root it was nobody knows any more: the next backup of everything says it.
    if (!isWithin(taken, watched.aspect)) continue;
    baseline.set(keyOf(watched), watched);
  }
  return baseline;
}

const COMPONENTS_OF: Readonly<Record<Aspect, readonly string[]>> = {
  rows: ['database'],
  instance: ['database'],
  database: ['database'],
  files: ['files', 'config'],
  key: ['config'],
  certificate: ['config'],
};

function isWithin(taken: ReadonlySet<string>, aspect: Aspect): boolean {
  return COMPONENTS_OF[aspect].every((component) => taken.has(component));
}

const ASPECT_OF: Readonly<Record<Change['kind'], Aspect>> = {
  'table-emptied': 'rows',
  'table-gone': 'rows',
  'tree-emptied': 'files',
  'tree-gone': 'files',
  'key-changed': 'key',
  'key-gone': 'key',
  'certificate-changed': 'certificate',
  'certificate-gone': 'certificate',
  'instance-changed': 'instance',
  'database-changed': 'database',
};

function compare(before: Watched, now: Watched | undefined): Change | undefined {
  const { aspect, subject, value, since } = before;
  const change = (kind: Change['kind']): Change => ({
    kind,
    subject,
    before: value,
    after: now?.value ?? 'gone',
    since,
  });
  switch (aspect) {
    case 'rows':
      if (now === undefined) return change('table-gone');
      return value !== '0' && now.value === '0' ? change('table-emptied') : undefined;
    case 'files':
      if (now === undefined) return change('tree-gone');
      return value !== '0' && now.value === '0' ? change('tree-emptied') : undefined;
    case 'key':
      if (now === undefined) return change('key-gone');
      return now.value === value ? undefined : change('key-changed');
    case 'certificate':
      if (now === undefined) return change('certificate-gone');
      return now.value === value ? undefined : change('certificate-changed');
    case 'instance':
      // A role that may no longer ask is no other instance.
      return now === undefined || now.value === value ? undefined : change('instance-changed');
    case 'database':
      return now === undefined || now.value === value ? undefined : change('database-changed');
    default:
      return aspect satisfies never;
  }
}

function censusOf(snapshots: Snapshots, since: string): Census {
  const database = factsOf<DatabaseFacts>(snapshots, 'database');
  const files = factsOf<{ roots: readonly RootFacts[] }>(snapshots, 'files');
  const config = factsOf<ConfigFacts>(snapshots, 'config');
  const watched = [
    ...(database === undefined ? [] : watchedOfDatabase(database)),
    ...[...(files?.roots ?? []), ...(config?.roots ?? [])].flatMap(watchedRoot),
    ...(config === undefined ? [] : watchedOfConfig(config)),
  ].map((each) => ({ ...each, since }));
  return new Map(watched.map((each) => [keyOf(each), each]));
}

type Seen = Omit<Watched, 'since'>;

function watchedOfDatabase(facts: DatabaseFacts): readonly Seen[] {
  const rows = Object.entries(facts.rowsByTable ?? {}).map(([subject, count]): Seen => ({
    aspect: 'rows',
    subject,
    value: String(count),
  }));
  const identity = [
    { aspect: 'instance' as const, subject: 'database', value: facts.systemIdentifier ?? '' },
    { aspect: 'database' as const, subject: 'database', value: facts.database ?? '' },
  ];
  return [...rows, ...identity.filter(({ value }) => value !== '')];
}

function watchedRoot({ name, state, files }: RootFacts): readonly Seen[] {
  return state === 'absent' ? [] : [{ aspect: 'files', subject: name, value: String(files) }];
}

function watchedOfConfig({ fingerprints, certificates }: ConfigFacts): readonly Seen[] {
  const keys = Object.entries(fingerprints ?? {})
    .filter(([name]) => KEY_NAME.test(name))
    .map(([subject, value]): Seen => ({ aspect: 'key', subject, value }));
  const named = (certificates ?? []).flatMap(({ path, fingerprint }, at): readonly Seen[] => {
    if (fingerprint === undefined) return [];
    // A bundle holds several under one path; each is told apart by its place in it.
    const place = certificates.slice(0, at).filter((other) => other.path === path).length;
    const subject = place === 0 ? path : `${path} (${place + 1})`;
    return [{ aspect: 'certificate', subject, value: fingerprint }];
  });
  return [...keys, ...named];
}

function keyOf({ aspect, subject }: Pick<Watched, 'aspect' | 'subject'>): string {
  return `${aspect} ${subject}`;
}
