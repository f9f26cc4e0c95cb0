import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import { execa } from 'execa';
import type { Secret } from '#libs/kernel/secret.ts';
import { withDatabase } from '#libs/postgres/address.ts';
import type { Database } from '#libs/postgres/connect.ts';
import type { seededOrder } from '../pivot/seeded.ts';
import { withBitFlipped } from '../repository-damage/harm.ts';
import { withOtherSequence, withOtherStructure } from './edits.ts';
import type { KeptDatabase } from './kept-database.ts';
import { lookAtWhole } from './look.ts';
import { joinRows, splitRows, type Rows } from './rows.ts';

type Random = ReturnType<typeof seededOrder>;
/** By name; an archive that is one file is called `archive`. */
type Files = ReadonlyMap<string, Buffer>;
type Change = (
  files: Files,
  random: Random,
  older: Files,
) => readonly (readonly [string, Buffer | undefined])[];

/** What pg_restore made of mutated archives. */
export interface PeerReport {
  readonly cases: number;
  /** Exit code 0, and content or structure are not what they were. */
  readonly silent: number;
  /** The same by class: silent of so many. */
  readonly classes: Readonly<Record<string, string>>;
}

const FORMATS = { custom: ['-Fc'], directory: ['-Fd', '-Z1'] } as const;
type Format = keyof typeof FORMATS;

const anyFile = (files: Files, random: Random) => random.pick([...files]);
const rowFiles = (files: Files) => [...files].filter(([, bytes]) => bytes.subarray(0, 2).equals(GZIP));
const GZIP = Buffer.of(0x1f, 0x8b);

const OF_ANY: Readonly<Record<string, Change>> = {
  bit(files, random) {
    const [name, bytes] = anyFile(files, random);
    return [[name, withBitFlipped(random, bytes)]];
  },
  'cut at the end'(files, random) {
    const [name, bytes] = anyFile(files, random);
    return [[name, bytes.subarray(0, Math.floor(random.fraction() * bytes.length))]];
  },
  'structure altered': (files, random) => changeList(files, (list) => withOtherStructure(list, random)!),
  'sequence altered': (files, random) => changeList(files, (list) => withOtherSequence(list, random)),
};

const OF_DIRECTORY: Readonly<Record<string, Change>> = {
  'cut at the end of a row': (files, random) =>
    changeRows(files, random, ({ rows, ...ends }) => ({
      ...ends,
      rows: rows.slice(0, Math.floor(random.fraction() * rows.length)),
    })),
  'row removed': (files, random) =>
    changeRows(files, random, ({ rows, ...ends }) => {
      const lost = random.pick([...rows.keys()]);
      return { ...ends, rows: rows.filter((_, at) => at !== lost) };
    }),
  'row added': (files, random) =>
    changeRows(files, random, ({ rows, ...ends }) => ({ ...ends, rows: [random.pick(rows), ...rows] })),
  'files exchanged'(files, random) {
    const [one, other] = random.shuffle(rowFiles(files));
    return [
      [one![0], other![1]],
      [other![0], one![1]],
    ];
  },
  'file of the older archive'(files, random, older) {
    const [name] = random.pick(rowFiles(files).filter(([each, bytes]) => !older.get(each)!.equals(bytes)));
    return [[name, older.get(name)]];
  },
  'file gone': (files, random) => [[random.pick(rowFiles(files))[0], undefined]],
};

/** Archives of the same database, made by pg_dump as it comes. */
export class Archives implements AsyncDisposable {
  readonly #folder: string;
  readonly #pgBin: string;
  readonly #taken: Record<Format, Files>[] = [];

  static async inFolder({ pgBin }: { readonly pgBin: string }): Promise<Archives> {
    return new Archives(await mkdtemp(join(tmpdir(), 'holdfast-archives-')), pgBin);
  }

  private constructor(folder: string, pgBin: string) {
    this.#folder = folder;
    this.#pgBin = pgBin;
  }

  async dump({ url, n }: { readonly url: Secret; readonly n: number }): Promise<void> {
    const made = async (format: Format): Promise<Files> => {
      const place = join(this.#folder, `${n}.${format}`);
      await execa(join(this.#pgBin, 'pg_dump'), [
        ...FORMATS[format],
        `--dbname=${url.reveal()}`,
        '-f',
        place,
      ]);
      if (format === 'custom') return new Map([['archive', await readFile(place)]]);
      const names = await readdir(place);
      return new Map(
        await Promise.all(names.map(async (name) => [name, await readFile(join(place, name))] as const)),
      );
    };
    this.#taken.push({ custom: await made('custom'), directory: await made('directory') });
  }

  /** Each is restored into an empty database by pg_restore as it comes, and what is there is compared with the live one. */
  async mutate(
    { url, live, pgBin }: KeptDatabase,
    {
      random,
      cases,
      postgres,
    }: { readonly random: Random; readonly cases: number; readonly postgres: Database },
  ): Promise<PeerReport> {
    const [older, newest] = this.#taken.slice(-2);
    const kinds = [
      ...Object.entries(OF_ANY).map(([name, change]) => ({ format: 'custom' as const, name, change })),
      ...Object.entries({ ...OF_ANY, ...OF_DIRECTORY }).map(([name, change]) => ({
        format: 'directory' as const,
        name,
        change,
      })),
    ];
    const whole = await lookAtWhole(url, pgBin);
    const into = `peer_${live}`;
    const seen = new Map<string, boolean[]>();
    for (const { format, name, change } of random.deal(kinds, cases)) {
      const files = new Map(newest![format]);
      for (const [file, bytes] of change(files, random, older![format]))
        if (bytes === undefined) files.delete(file);
        else files.set(file, bytes);
      await postgres.run(`CREATE DATABASE ${into} TEMPLATE template0`);
      const target = withDatabase(url, into);
      const isDone = await this.#restore(files, format, target);
      const isSilent = isDone && (await lookAtWhole(target, pgBin)) !== whole;
      await postgres.run(`DROP DATABASE ${into} WITH (FORCE)`);
      seen.set(`${format}: ${name}`, [...(seen.get(`${format}: ${name}`) ?? []), isSilent]);
    }
    const silent = (all: readonly boolean[]) => all.filter(Boolean).length;
    const names = [...seen.keys()].toSorted();
    return {
      cases,
      silent: silent([...seen.values()].flat()),
      classes: Object.fromEntries(
        names.map((name) => [name, `${silent(seen.get(name)!)} of ${seen.get(name)!.length}`]),
      ),
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.#folder, { recursive: true, force: true });
  }

  async #restore(files: Files, format: Format, target: Secret): Promise<boolean> {
    const place = join(this.#folder, 'mutated');
    await rm(place, { recursive: true, force: true });
    if (format === 'custom') await writeFile(place, files.get('archive')!);
    else {
      await mkdir(place);
      for (const [name, bytes] of files) await writeFile(join(place, name), bytes);
    }
    const { exitCode } = await execa(
      join(this.#pgBin, 'pg_restore'),
      [`--dbname=${target.reveal()}`, place],
      { reject: false },
    );
    return exitCode === 0;
  }
}

/** Structure and sequences stand in the list of contents, which is not compressed. */
function changeList(files: Files, change: (list: Buffer) => Buffer): ReturnType<Change> {
  const name = files.has('archive') ? 'archive' : 'toc.dat';
  return [[name, change(files.get(name)!)]];
}

/** Packed again by whoever changes them: no key is needed for that. */
function changeRows(files: Files, random: Random, change: (rows: Rows) => Rows): ReturnType<Change> {
  for (;;) {
    const [name, packed] = random.pick(rowFiles(files));
    const split = splitRows(gunzipSync(packed));
    // An archive's rows end with a line of their own.
    const rows = split.rows.filter((row) => !isEnd(row));
    const ends = split.rows.filter(isEnd);
    if (rows.length === 0) continue;
    const changed = change({ ...split, rows });
    return [[name, gzipSync(joinRows({ ...changed, rows: [...changed.rows, ...ends] }))]];
  }
}

const isEnd = (row: Buffer) => row.equals(Buffer.from('\\.\n')) || row.equals(Buffer.from('\n'));
