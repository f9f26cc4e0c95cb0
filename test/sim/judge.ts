import type { StreamName } from '#libs/bus/port.ts';
import type { Manifest } from '#libs/contracts/manifest.ts';
import { sha256 } from '#libs/kernel/ids.ts';
import { parseResult } from '#libs/contracts/step.ts';
import type { JournalEntry } from '#libs/saga/journal.ts';
import type { ChainEntry } from '#libs/saga/chain.ts';
import type { LogEvent } from '#libs/saga/log.ts';
import { triggerKey } from '#libs/saga/triggers.ts';
import { Facts, type RunFacts } from './facts.ts';
import { keptUntilReleased, nothingDeleted } from './invariants/p11-kept.ts';
import {
  closedAfterTheEnd,
  manifestCitesWhatIsProved,
  noBackupOfAFailedRun,
  saysWhatIsThere,
} from './invariants/p3-no-false-success.ts';
import { neverAMixture } from './invariants/p4-all-or-nothing.ts';
import {
  cancelIsFollowed,
  eventIsInTheLog,
  leftBehind,
  leftClosed,
  uncovered,
  unfinished,
} from './invariants/p5-nothing-lost.ts';
import {
  aloneIfExclusive,
  attemptEndsOnce,
  oneAnswer,
  oneBackup,
  runOfItsSlot,
  slotOnce,
} from './invariants/p6-once.ts';
import {
  actsOfTheNewest,
  chainHolds,
  commitWasOrdered,
  journalOfTheOwner,
  noActAfterTheEnd,
  nothingReplaced,
} from './invariants/p7-no-zombie.ts';
import type { BrokerMessage, BusWatch } from './twins/broker.ts';
import type { Act, TargetWatch } from './twins/deployment.ts';
import type { SimBucket, StoreWatch } from './twins/store.ts';
import { compareTokens, type Token } from '#libs/contracts/stage.ts';
import type { Site } from './workers/site.ts';
import { wordsOf } from './world/history.ts';
import type { Scheduler, SimProcess } from './world/scheduler.ts';

type Entry = ChainEntry<LogEvent>;

/** Sees every change at its moment, and holds it against the promises. */
export class Judge implements StoreWatch, TargetWatch, BusWatch {
  readonly violations: string[] = [];
  readonly stuck: string[] = [];
  readonly #world: Scheduler;
  #facts: Facts | undefined;
  readonly #heads = new Map<string, string>();
  readonly #published = new Map<string, string>();
  readonly #answers = new Map<string, string[]>();

  constructor(world: Scheduler) {
    this.#world = world;
  }

  get facts(): Facts {
    return this.#facts!;
  }

  watch(site: Site, bucket: SimBucket): void {
    this.#facts = new Facts(site, bucket);
  }

  violate(invariant: string, what: string | undefined): void {
    if (what === undefined) return;
    this.violations.push(`${invariant}: ${what}`);
    this.#world.note(`VIOLATION ${invariant}: ${what}`);
  }

  onPut(name: string, bytes: Buffer, by: SimProcess | undefined, before: Buffer | undefined): void {
    const [folder = '', owner = '', third = '', fourth = ''] = name.split('/');
    this.violate('P7 nothingReplaced', nothingReplaced(name, before, bytes));
    if (folder === 'runs' && /^\d+\.json$/.test(third))
      this.#onJournal(owner, parse<JournalEntry>(bytes), nameOf(by), this.#headOf(`runs/${owner}`, bytes));
    if (folder === 'runs' && third === 'results') {
      const result = parseResult(bytes);
      this.facts.run(owner).results.set(fourth, result);
    }
    if (folder === 'runs' && third === 'cancel' && fourth === 'back.json')
      this.facts.run(owner).cancelledAt ??= this.facts.run(owner).entries.length;
    if (folder === 'deployments' && third === 'log' && /^\d+\.json$/.test(fourth))
      this.#onLog(owner, parse<Entry>(bytes), nameOf(by), this.#headOf(`deployments/${owner}`, bytes));
    if (folder === 'backups') this.#onManifest(parse<{ manifest: Manifest }>(bytes).manifest);
  }

  onDelete(name: string): void {
    this.violate('P11 nothingDeleted', nothingDeleted(name, this.facts));
  }

  onAct(act: Act): void {
    const { deployment, component, token, what } = act;
    this.#world.note(`${deployment}/${component}: ${what}`);
    const target = this.facts.site.deployments.get(deployment);
    if (target === undefined) return;
    const run = this.facts.run(token.runId);
    this.violate('P4 neverAMixture', neverAMixture(target));
    this.violate('P7 actsOfTheNewest', actsOfTheNewest(act, run));
    this.violate('P7 noActAfterTheEnd', noActAfterTheEnd(act, run));
    const newest = run.newest.get(component);
    if (newest === undefined || compareTokens(token, newest) > 0) run.newest.set(component, token);
  }

  onOwnPlace(deployment: string, what: string): void {
    this.#world.note(`${deployment}: ${what}`);
  }

  onRemoved(deployment: string, what: string, token: Token): void {
    if (this.facts.site.deployments.has(deployment))
      this.violate('P11 keptUntilReleased', keptUntilReleased(what, token, this.facts));
  }

  /** A consumer acknowledged it. */
  onDone(stream: StreamName, { subject, bytes }: BrokerMessage): void {
    if (stream !== 'EDMS') return;
    const { id, source, type } = parse<{ id: string; source: string; type: string }>(Buffer.from(bytes));
    if (type === 'edms.changed')
      this.violate(
        'P5 eventIsInTheLog',
        eventIsInTheLog(subject.slice('edms.'.length), triggerKey(source, id), this.facts),
      );
  }

  /** The bus has taken an event of the EDMS. */
  onPublished(deployment: string, { source, id, type }: { source: string; id: string; type: string }): void {
    if (type === 'edms.changed') this.#published.set(triggerKey(source, id), deployment);
  }

  /** The broker's memory is gone: an event that nobody had recorded is lost, and its sender's to send again. */
  onErased(): void {
    this.#published.clear();
  }

  onAnswer(request: string, runId: string): void {
    const answers = this.#answers.get(request) ?? [];
    answers.push(runId);
    this.#answers.set(request, answers);
    this.violate('P6 oneAnswer', oneAnswer(request, answers));
  }

  /** Everything that was begun has ended. */
  isQuiet(): boolean {
    return this.#unfinished().length === 0;
  }

  #unfinished(): readonly string[] {
    const answered = new Set([...this.#answers.values()].flat());
    return [...unfinished(answered, this.facts), ...uncovered(this.#published, this.facts)];
  }

  /** In liveness mode, after the faults. */
  atTheEnd(): void {
    this.stuck.push(...this.#unfinished(), ...leftClosed(this.facts));
    for (const left of leftBehind(this.facts)) this.violate('P5 leftBehind', left);
    this.violate('P3 noBackupOfAFailedRun', noBackupOfAFailedRun(this.facts));
  }

  counts(): Record<string, number> {
    const counts: Record<string, number> = {};
    for (const { header, outcome } of this.facts.runs.values()) {
      if (header === undefined) continue;
      const key = `${header.kind} ${outcome ?? 'open'}`;
      counts[key] = (counts[key] ?? 0) + 1;
    }
    return counts;
  }

  /** Digest of a chain's entry before this one. */
  #headOf(chain: string, bytes: Buffer): string {
    const head = this.#heads.get(chain) ?? '';
    this.#heads.set(chain, sha256(bytes));
    return head;
  }

  #onJournal(runId: string, entry: JournalEntry, by: string, head: string): void {
    const run = this.facts.run(runId);
    const { event } = entry;
    this.#world.note(`journal ${runId.slice(0, 8)} ${entry.n}: ${describe(event)}`);
    this.violate('P7 chainHolds', chainHolds(entry, run.entries.length, head));
    this.violate('P7 journalOfTheOwner', journalOfTheOwner(event, by, run));
    run.entries.push(entry);
    this.violate('P6 attemptEndsOnce', attemptEndsOnce(run));
    this.violate('P5 cancelIsFollowed', cancelIsFollowed(run));
    if (event.kind === 'started') run.header = event.header;
    if (event.kind === 'owned') this.#onOwned(run, event.epoch, by);
    if (event.kind === 'finished') {
      run.outcome = event.outcome;
      this.violate('P3 saysWhatIsThere', saysWhatIsThere(run, event.outcome, this.facts));
    }
  }

  #onOwned(run: RunFacts, epoch: number, process: string): void {
    run.tagBefore ??= this.facts.deploymentOf(run)?.server.live?.tag;
    // Of two that took it over the later one counts, in whatever order they came to write it.
    if (epoch >= (run.owner?.epoch ?? 0)) run.owner = { process, epoch };
  }

  #onLog(deployment: string, entry: Entry, by: string, head: string): void {
    const before = this.facts.log(deployment);
    const { event } = entry;
    this.#world.note(`log ${deployment} ${entry.n}: ${describe(event)}`);
    this.violate('P7 chainHolds', chainHolds(entry, before.length, head));
    this.violate('P6 slotOnce', slotOnce(event, before));
    this.violate('P6 runOfItsSlot', runOfItsSlot(event, before, deployment));
    this.violate('P6 aloneIfExclusive', aloneIfExclusive(event, before));
    if (event.kind === 'closed')
      this.violate(
        'P3 closedAfterTheEnd',
        closedAfterTheEnd(this.facts.run(event.runId), event.outcome, this.facts),
      );
    if (event.kind === 'committed' || event.kind === 'restored' || event.kind === 'released')
      this.violate('P7 commitWasOrdered', commitWasOrdered(event.runId, event.kind, this.facts));
    before.push(entry);
  }

  #onManifest(manifest: Manifest): void {
    this.facts.backups.set(manifest.backupId, manifest.runId);
    this.violate('P3 manifestCitesWhatIsProved', manifestCitesWhatIsProved(manifest, this.facts));
    this.violate('P6 oneBackup', oneBackup(manifest.runId, this.facts.backups));
    this.violate('P7 commitWasOrdered', commitWasOrdered(manifest.runId, 'manifest', this.facts));
  }
}

const nameOf = (process: SimProcess | undefined): string => process?.name ?? 'world';

function parse<T>(bytes: Buffer): T {
  return JSON.parse(bytes.toString()) as T;
}

/** Short, for the history. */
function describe(event: { readonly kind: string }): string {
  const { kind, step, attempt, epoch, runKind, runId, outcome, error } = event as unknown as Record<
    string,
    unknown
  >;
  const code = (error as { code?: string } | null | undefined)?.code;
  const run = typeof runId === 'string' ? runId.slice(0, 8) : undefined;
  return wordsOf([kind, step, attempt, epoch, runKind, run, outcome, code]);
}
