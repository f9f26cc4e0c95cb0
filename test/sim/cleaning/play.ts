import { HoldfastError } from '#libs/kernel/errors.ts';
import {
  LoggedDeployment,
  readBackup,
  takeSnapshot,
  type TakenBackup,
} from '#libs/repository/fixtures/deployments.ts';
import { bytesOf } from '#libs/repository/fixtures/generated.ts';
import { KEYS, opened } from '#libs/repository/fixtures/opened.ts';
import type { CleaningReport, CleaningWorld } from '#libs/repository/cleaning/port.ts';
import { decodeEntries, openTable, readTrailer, TRAILER_BYTES } from '#libs/repository/pack.ts';
import type { Repository } from '#libs/repository/port.ts';
import { Random } from '../world/random.ts';
import { LateBucket } from './bucket.ts';
import { drawBytesFrom } from './one-thread.ts';
import { Killed, Turns } from './turns.ts';

export interface CleaningResult {
  readonly seed: number;
  readonly violations: readonly string[];
  readonly stuck: readonly string[];
  readonly events: number;
  readonly history: readonly string[];
  readonly counts: Readonly<Record<string, number>>;
}

const WRITERS = ['records', 'archive', 'staging'];
const CLEANERS = ['cleaner-1', 'cleaner-2'];
/** So few that deployments and backups share most of what they hold. */
const CONTENTS = 6;
const FILE_BYTES = 3000;
const signal = new AbortController().signal;

/** Three that back up, forget and restore, and two that clean, on one bucket whose listings are late. */
export async function playCleaning(seed: number): Promise<CleaningResult> {
  return await new Course(seed).play();
}

interface Committed {
  readonly deployment: string;
  readonly backup: TakenBackup;
  readonly bytes: Buffer;
}

class Course {
  readonly #seed: number;
  readonly #random: Random;
  readonly #turns: Turns;
  readonly #bucket: LateBucket;
  readonly #deployments = WRITERS.map((name) => new LoggedDeployment(name));
  readonly #counted = new Map<string, Committed>();
  /** What is in each pack that there is: written down as it happens. */
  readonly #packs = new Map<string, ReadonlySet<string>>();
  readonly #violations: string[] = [];
  readonly #stuck: string[] = [];
  readonly #counts: Record<string, number> = {};
  #isOver = false;

  constructor(seed: number) {
    this.#seed = seed;
    this.#random = new Random(seed);
    drawBytesFrom(new Random(-seed));
    this.#turns = new Turns(this.#random);
    this.#bucket = new LateBucket(this.#random);
    this.#bucket.onChange = (name, bytes) => this.#onChange(name, bytes);
  }

  async play(): Promise<CleaningResult> {
    const writers = this.#deployments.map((deployment) => this.#write(deployment));
    const cleaners = CLEANERS.map((name) => this.#cleanOn(name));
    const all = Promise.all([Promise.all(writers).then(() => (this.#isOver = true)), ...cleaners]);
    all.catch((thrown: unknown) => this.#violate(`simulation ${(thrown as Error).stack}`));
    await this.#turns.play((actor) => this.#disturb(actor));
    await this.#atTheEnd();
    return {
      seed: this.#seed,
      violations: this.#violations,
      stuck: this.#stuck,
      events: this.#turns.taken,
      history: this.#turns.history,
      counts: this.#counts,
    };
  }

  /** Killed in the middle of something, or stopped for so long that everybody else has gone on. */
  #disturb(actor: string): void {
    const drawn = this.#random.next();
    if (drawn < 0.004) this.#turns.kill(actor);
    else if (drawn < 0.008) this.#turns.stop(actor, this.#random.int(400));
  }

  async #write(deployment: LoggedDeployment): Promise<void> {
    for (let n = 0; n < 5; n += 1) {
      const run = `${deployment.name}-${n}`;
      await this.#log(deployment, () => deployment.open(run));
      await this.#backUp(deployment, run).catch(requireKilled);
      await this.#log(deployment, () => deployment.close(run));
      if (this.#random.chance(0.6)) await this.#forgetOne(deployment);
      if (this.#random.chance(0.4)) await this.#restore(deployment, `${run}-restore`);
    }
  }

  /** A worker that dies is followed by another one; a run that fails leaves what it wrote. */
  async #backUp(deployment: LoggedDeployment, run: string): Promise<void> {
    const { name } = deployment;
    const files = Array.from({ length: 1 + this.#random.int(3) }, () =>
      bytesOf(this.#random.int(CONTENTS), FILE_BYTES),
    );
    const take = () => takeSnapshot(this.#open(name, true), { deployment: name, run, files });
    const backup = await take().catch((thrown: unknown) => {
      requireKilled(thrown);
      return this.#random.chance(0.5) ? take() : Promise.reject(thrown);
    });
    await this.#log(deployment, () => {
      deployment.commit(backup);
      this.#counted.set(`${name}/${backup.backupId}`, {
        deployment: name,
        backup,
        bytes: Buffer.concat(files),
      });
      this.#count('committed');
      this.#requireUnharmed();
    });
  }

  #onChange(name: string, bytes: Buffer | undefined): void {
    if (!name.startsWith('packs/')) return;
    if (bytes === undefined) this.#packs.delete(name);
    else this.#packs.set(name, chunksOf(bytes));
    if (bytes === undefined) this.#requireUnharmed();
  }

  /** Of every backup that counts, each chunk is in some pack, at every moment. */
  #requireUnharmed(): void {
    const there = new Set([...this.#packs.values()].flatMap((chunks) => [...chunks]));
    for (const { backup } of this.#counted.values()) {
      if (backup.chunks.every((chunk) => there.has(chunk))) continue;
      this.#violate(`P11 neverHarmed: a chunk of ${backup.backupId} is in no pack any more`);
    }
  }

  async #forgetOne(deployment: LoggedDeployment): Promise<void> {
    await this.#log(deployment, () => {
      const own = [...this.#counted].filter(([, { deployment: name }]) => name === deployment.name);
      if (own.length < 2) return;
      const [key, { backup }] = this.#random.pick(own.slice(0, -1));
      deployment.prune(backup.backupId);
      this.#counted.delete(key);
      this.#count('forgotten');
    });
  }

  /** What counted when the run was opened is read whole, whatever is forgotten meanwhile. */
  async #restore(deployment: LoggedDeployment, run: string): Promise<void> {
    let chosen: Committed | undefined;
    await this.#log(deployment, () => {
      deployment.open(run, false);
      const own = [...this.#counted.values()].filter(({ deployment: name }) => name === deployment.name);
      chosen = own.length === 0 ? undefined : this.#random.pick(own);
    });
    if (chosen !== undefined) {
      const { backup, bytes } = chosen;
      await readBackup(this.#open(deployment.name, false), deployment.name, backup).then(
        (read) => {
          if (!read.equals(bytes)) this.#violate(`P11 neverHarmed: other bytes of ${backup.backupId}`);
          this.#count('restored');
        },
        (thrown: unknown) => {
          if (!(thrown instanceof Killed))
            this.#violate(`P11 neverHarmed: restore of ${backup.backupId}: ${String(thrown)}`);
        },
      );
    }
    await this.#log(deployment, () => deployment.close(run));
  }

  async #cleanOn(actor: string): Promise<void> {
    while (!this.#isOver)
      await this.#clean(actor, this.#open(actor, true)).catch((thrown: unknown) => {
        this.#count(requireTurnLost(thrown));
      });
  }

  async #clean(actor: string, repository: Repository): Promise<void> {
    const world: CleaningWorld = {
      look: async () => {
        const views = [];
        for (const each of this.#deployments)
          views.push(await this.#turn(actor, `log ${each.name}`, () => each.view()));
        return views;
      },
      mark: async (list) => {
        for (const each of this.#deployments)
          await this.#turn(actor, `log ${each.name} condemned ${list}`, () => each.condemned(list));
      },
    };
    const repackBytesMax = this.#random.pick([1, 10_000, 2 ** 30]);
    const report = await repository.clean(world, { signal, progress: () => {}, repackBytesMax });
    this.#count('cleanings');
    this.#count('deleted', report.deleted);
    this.#count('repacked', report.repackedPacks);
  }

  /** Everything that counts is read again by a process that knows nothing; what nothing needs is gone. */
  async #atTheEnd(): Promise<void> {
    const store = this.#bucket.calm();
    const world: CleaningWorld = {
      look: async () => this.#deployments.map((each) => each.view()),
      mark: async (list) => this.#deployments.forEach((each) => each.condemned(list)),
    };
    const options = { signal, progress: () => {}, repackBytesMax: 2 ** 30 };
    await this.#cleanUp(() => opened(store).clean(world, options)).catch((thrown: unknown) => {
      this.#stuck.push(String(thrown));
    });
    for (const { deployment, backup, bytes } of this.#counted.values()) {
      const repository = opened(store);
      await repository.rebuildIndex();
      const read = await readBackup(repository, deployment, backup).catch(String);
      if (typeof read === 'string') this.#violate(`P11 neverHarmed: ${backup.backupId} at the end: ${read}`);
      else if (!read.equals(bytes)) this.#violate(`P11 neverHarmed: other bytes of ${backup.backupId}`);
    }
  }

  /** After a few cleanings in peace there is nothing that nobody needs. */
  async #cleanUp(clean: () => Promise<CleaningReport>): Promise<void> {
    for (let n = 0; n < 4; n += 1) await clean();
    const report = await clean();
    if (report.waiting + report.condemned > 0) this.#stuck.push(`waste is left: ${JSON.stringify(report)}`);
    const snapshots = [...this.#bucket.objects.keys()].filter((name) => name.startsWith('snapshots/'));
    if (snapshots.length !== this.#counted.size) this.#stuck.push(`${snapshots.length} snapshots are left`);
  }

  #open(actor: string, isLate: boolean): Repository {
    return opened(this.#bucket.seenBy(actor, this.#turns, { isLate }));
  }

  #log(deployment: LoggedDeployment, change: () => void): Promise<void> {
    return this.#turn(deployment.name, `log ${deployment.name}`, change).catch((thrown: unknown) => {
      requireKilled(thrown);
      // Somebody else sees to it.
      return this.#log(deployment, change);
    });
  }

  #turn<T>(actor: string, what: string, act: () => T): Promise<T> {
    return this.#turns.act(actor, what, async () => act());
  }

  #count(what: string, times = 1): void {
    this.#counts[what] = (this.#counts[what] ?? 0) + times;
  }

  #violate(what: string): void {
    this.#violations.push(what);
    this.#turns.history.push(`VIOLATION ${what}`);
  }
}

function requireKilled(thrown: unknown): void {
  if (!isKilled(thrown)) throw thrown;
}

/** Another cleaning was faster, or a listing so late that something could not be found: that costs a turn. */
function requireTurnLost(thrown: unknown): string {
  if (isKilled(thrown)) return 'killed';
  const { code } = HoldfastError.from(thrown);
  if (code !== 'OBJECT_EXISTS' && code !== 'CLEANING_UNSAFE') throw thrown;
  return code;
}

function isKilled(thrown: unknown): boolean {
  return thrown instanceof Killed || (thrown instanceof Error && isKilled(thrown.cause));
}

function chunksOf(pack: Buffer): ReadonlySet<string> {
  const { start, end } = readTrailer(pack.subarray(-TRAILER_BYTES), pack.length, '');
  const { entries } = openTable(KEYS, pack.subarray(start, end), '');
  return new Set(decodeEntries(entries).map(({ id }) => id));
}
