#!/usr/bin/env node
/* oxlint-disable no-console -- a program of its own: what it prints is its answer */
import { readFileSync } from 'node:fs';
import fs from 'node:fs/promises';
import { syncBuiltinESMExports } from 'node:module';
import { Client } from 'pg';
import { diskStore } from '#libs/store/disk.ts';
import type { ObjectStore } from '#libs/store/port.ts';
import type { RestorerOptions } from './restorer.ts';

/**
 * One restore in a process that dies at one event, right before its effect or right after; without a stop it lists every
 * event from the moment the application is to be stopped. Argument: JSON of the order.
 */
export interface Order extends Omit<RestorerOptions, 'store'> {
  readonly storeFolder: string;
  readonly stop?: { readonly event: string; readonly when: 'before' | 'after' };
}

const order = JSON.parse(process.argv[2] ?? '') as Order;
const counts = new Map<string, number>();
const seen: string[] = [];

async function passing<T>(label: string | undefined, act: () => Promise<T>): Promise<T> {
  if (label === undefined || (seen.length === 0 && label !== 'journal step-scheduled stop.1'))
    return await act();
  counts.set(label, (counts.get(label) ?? 0) + 1);
  const event = `${label} #${counts.get(label)}`;
  seen.push(event);
  if (order.stop?.event !== event) return await act();
  if (order.stop.when === 'before') process.kill(process.pid, 'SIGKILL');
  await act();
  process.kill(process.pid, 'SIGKILL');
  // The signal is on its way; nothing goes on from here.
  return await new Promise<never>(() => {});
}

/** Modules that are loaded from now on rename through this. */
function watchRenames(): void {
  const { rename } = fs;
  fs.rename = (from, to) => passing(renameLabel(from, to), () => rename(from, to));
  syncBuiltinESMExports();
}

function renameLabel(from: unknown, to: unknown): string | undefined {
  const [source, target] = [String(from), String(to)];
  const [, root, own] = /([^/]+)\/\.holdfast\/([^/ ]+)/.exec(`${target} ${source}`) ?? [];
  if (root === undefined || own!.startsWith('probe-')) return undefined;
  const place = own!.endsWith('.env') ? '.env' : root;
  const name = target.slice(target.lastIndexOf('/') + 1);
  if (name === own) return `take over ${place}`;
  if (name !== 'state.json') return `rename ${place} ${name}`;
  return `state ${place} ${(JSON.parse(readFileSync(source, 'utf8')) as { phase: string }).phase}`;
}

/** What opens, closes and renames databases. */
function watchStatements(): void {
  const query = Reflect.get(Client.prototype, 'query') as (...given: unknown[]) => Promise<unknown>;
  Client.prototype.query = function watched(this: Client, ...given: unknown[]) {
    const [text] = given;
    const act = () => query.apply(this, given);
    const verbs = typeof text === 'string' ? text.match(/ALLOW_CONNECTIONS \w+|RENAME/g) : null;
    return verbs === null ? act() : passing(`sql ${verbs.join(' ')}`, act);
  } as typeof Client.prototype.query;
}

function watchedStore(store: ObjectStore): ObjectStore {
  return {
    ...store,
    put: (name, bytes, options) => passing(putLabel(name, bytes), () => store.put(name, bytes, options)),
  };
}

function putLabel(name: string, bytes: Uint8Array): string | undefined {
  const result = /^runs\/[^/]+\/results\/(.+)\.json$/.exec(name)?.[1];
  if (result !== undefined) return `result ${result}`;
  const kind = /^runs\/[^/]+\/\d+\.json$/.test(name)
    ? 'journal'
    : /\/log\/\d+\.json$/.test(name)
      ? 'log'
      : undefined;
  if (kind === undefined) return undefined;
  const { event } = JSON.parse(Buffer.from(bytes).toString('utf8')) as {
    event: { kind: string; step?: string; attempt?: number };
  };
  return `${kind} ${event.kind}${event.step === undefined ? '' : ` ${event.step}.${event.attempt}`}`;
}

watchRenames();
watchStatements();
const { beginRestore, endOf, openRestorer } = await import('./restorer.ts');
const store = watchedStore(diskStore(order.storeFolder));
await using restorer = await openRestorer({ ...order, store });
const end = await endOf(restorer.door, await beginRestore(restorer.door));
console.log(JSON.stringify({ end, events: seen }));
