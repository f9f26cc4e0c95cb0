import type { OracleState } from '#test/demo/judge.ts';
import { same, sameTables, sameTree, type Seen } from './seen.ts';

/** Rows, rules, numbers, documents, environment and configuration: nothing is another. */
export function wholeState(seen: Seen): boolean {
  return (
    sameTables(seen, /./) &&
    constraintsHold(seen) &&
    sequencesHold(seen) &&
    ['storage', 'certificates', 'settings'].every((tree) => sameTree(seen, tree)) &&
    envHolds(seen)
  );
}

export function sequencesHold(seen: Seen): boolean {
  const [before, after] = [seen.before.database, seen.after.database];
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

export function constraintsHold(seen: Seen): boolean {
  const [before, after] = [seen.before.database, seen.after.database];
  return (
    same(before.constraints, after.constraints) && Object.values(after.orphans).every((rows) => rows === 0)
  );
}

export function keysKept(seen: Seen, after: OracleState | undefined): boolean {
  return (
    after !== undefined &&
    sameTables({ before: seen.before, after }, /(django_content_type|auth_permission|auth_group)$/)
  );
}

export function migrationsHold(seen: Seen): boolean {
  return sameTables(seen, /django_migrations$/) && seen.after.commands['migrate']?.exit === 0;
}

export function envHolds({ before, after }: Seen): boolean {
  const was = before.env['.env'];
  const is = after.env['.env'];
  return was?.state === 'present' && same([was.sha256, was.mode, was.uid], [is?.sha256, is?.mode, is?.uid]);
}

export function logsHold({ before, after }: Seen): boolean {
  const files = Object.entries(before.trees['logs']?.entries ?? {}).filter(
    ([, entry]) => entry.type === 'file',
  );
  return (
    files.length > 0 &&
    files.every(([path, { size, sha256 }]) => {
      // What it held then, hashed again: a log that serves has grown.
      const { prefix } = after.trees['logs']?.entries[path] ?? {};
      return prefix?.size === size && prefix.sha256 === sha256;
    })
  );
}

export function sessionHolds({ before, after }: Seen): boolean {
  const was = before.http?.old_session;
  return was?.status === 200 && same(was, after.http?.old_session) && after.commands['canary']?.exit === 0;
}

export function documentsOpen({ before, after }: Seen): boolean {
  const keys = Object.keys(before.http?.documents ?? {});
  return (
    keys.length > 0 &&
    keys.every((key) => after.http?.documents[key]?.status === 200 && after.http.documents[key].equals_row)
  );
}

export function auditHolds(seen: Seen): boolean {
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

export function documentsFit(state: OracleState): boolean {
  const verdicts = Object.values(state.documents).flatMap((rows) => Object.values(rows));
  return (
    verdicts.some(({ verdict }) => verdict === 'ok') &&
    verdicts.every(({ verdict }) => verdict === 'ok' || verdict === 'no path')
  );
}

/** Each check is green and compared something, and one of them every table there was. */
export function measured({ before, process }: Seen): boolean {
  const tables = Object.keys(before.database.tables).length;
  const checks = process?.checks ?? [];
  return (
    checks.every(({ ok, detail }) => ok && !detail.startsWith('0 ')) &&
    checks.some(({ detail }) => detail.startsWith(`${tables} tables compared`))
  );
}

export function checked({ process }: Seen, pattern: RegExp): boolean {
  return process?.checks.some(({ name, ok }) => pattern.test(name) && ok) === true;
}
