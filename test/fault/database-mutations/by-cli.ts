import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { randomBytes } from 'node:crypto';
import { Secret } from '#libs/kernel/secret.ts';
import { withDatabase } from '#libs/postgres/address.ts';
import { connectDatabase } from '#libs/postgres/connect.ts';
import { readIdentity } from '#libs/runtime/key-file.ts';
import { diskStore } from '#libs/store/disk.ts';
import { findBytes } from '#libs/store/objects.ts';
import { bundle } from '#services/operator/cli/bundle.ts';
import { startHoldfast } from '#test/demo/holdfast-scheme.ts';
import type { Spoken } from '#test/demo/holdfast.ts';
import { seededOrder } from '../pivot/seeded.ts';
import { harm } from '../repository-damage/harm.ts';
import { lookInto } from './anatomy.ts';
import { part, SCHEMA } from './content.ts';
import { fingerprint, lookAtWhole } from './look.ts';
import type { MutationOptions } from './options.ts';
import { WITHOUT_KEY } from './without-key.ts';

export interface CliReport {
  readonly cases: number;
  /** The command ended with the exit code of a refusal, or of a failure that left the old state as it was. */
  readonly detected: number;
  readonly touched: number;
  readonly codes: Readonly<Record<string, string>>;
}

const REFUSED = new Set([2, 4, 5]);
const DEPLOYMENT = 'mutated';

/** Backups by `holdfast backup` into a folder; it is harmed, `holdfast restore` is given, and it is put right again. */
export async function mutationsByCli({
  server,
  seed,
  cases,
  pgBin,
  onNote,
}: Omit<MutationOptions, 'parts'>): Promise<CliReport> {
  await using owned = new AsyncDisposableStack();
  const folder = await mkdtemp(join(tmpdir(), 'holdfast-mutations-'));
  owned.defer(() => rm(folder, { recursive: true, force: true }));
  const administrator = new Secret(server);
  const live = `by_cli_${randomBytes(4).toString('hex')}`;
  const url = withDatabase(administrator, live);
  const onServer = async (statements: string, address = administrator) => {
    await using session = await connectDatabase(address);
    await session.run(`SET search_path = public`);
    await session.run(statements);
  };
  await onServer(`CREATE DATABASE ${live} TEMPLATE template0`);
  owned.defer(() => dropAll(administrator, live));
  onNote('by the command line');
  const storeFolder = join(folder, 'store');
  await bundle();
  const stack = owned.use(
    await startHoldfast({
      home: join(folder, 'home'),
      store: storeFolder,
      env: { DB_URL: url.reveal() },
      inline: true,
    }),
  );
  const again = async () => {
    await stack.holdfast.expect(0, 'down');
    await stack.holdfast.expect(0, 'up', '--detach', '--store', storeFolder, '--inline');
  };
  const specFile = join(folder, 'spec.yaml');
  const spec = `deployment: ${DEPLOYMENT}\ndatabase: { url: { env: DB_URL }, restoreUrl: { env: DB_URL } }\n`;
  await writeFile(specFile, spec);
  await stack.holdfast.expect(0, 'init', '--spec', specFile);
  await onServer(SCHEMA, url);
  const ids: string[] = [];
  for (const n of [1, 2]) {
    await onServer(part(n), url);
    ids.push(backupIdOf(await stack.holdfast.expect(0, 'backup', DEPLOYMENT)));
  }
  const [olderId, backupId] = ids as [string, string];
  const store = diskStore(storeFolder);
  const identity = await readIdentity(join(stack.home, 'keys', 'identity.txt'));
  const anatomy = await lookInto(store, identity, { deployment: DEPLOYMENT, backupId, olderId });
  const random = seededOrder(seed);
  const look = async () => {
    await using session = await connectDatabase(url);
    return await fingerprint(session);
  };
  const was = await look();
  const codes: Record<string, string> = {};
  let [detected, touched] = [0, 0];
  for (const name of random.deal(Object.keys(WITHOUT_KEY), cases)) {
    const harms = WITHOUT_KEY[name]!.draw(anatomy, random);
    const whole = await Promise.all(
      harms.map(async (each) => ({ name: each.name, bytes: await findBytes(store, each.name) })),
    );
    await harm(store, harms);
    const spoken = await stack.holdfast.say('restore', DEPLOYMENT, '--backup', backupId, '--yes');
    await harm(store, whole);
    // A process that found a pack gone takes it for gone as long as it lives.
    if (harms.some((each) => each.bytes === undefined && each.name.startsWith('packs/'))) await again();
    codes[name] = `${spoken.exit} ${codeOf(spoken)}`;
    if (REFUSED.has(spoken.exit)) detected += 1;
    if ((await look()) !== was) touched += 1;
  }
  await requireGood();
  return { cases, detected, touched, codes };

  /** What was put right again is restored: so it was the harm that was refused. */
  async function requireGood(): Promise<void> {
    const before = await lookAtWhole(url, pgBin);
    await stack.holdfast.expect(0, 'restore', DEPLOYMENT, '--backup', backupId, '--yes');
    if ((await lookAtWhole(url, pgBin)) !== before)
      throw new Error('what was restored unharmed is not as it was');
  }
}

async function dropAll(administrator: Secret, live: string): Promise<void> {
  await using session = await connectDatabase(administrator);
  const found = await session.query<{ name: string }>(
    'SELECT datname AS name FROM pg_database WHERE starts_with(datname, $1)',
    [live],
  );
  for (const { name } of found) await session.run(`DROP DATABASE ${name} WITH (FORCE)`);
}

function backupIdOf({ answer }: Spoken): string {
  return (answer as unknown as { backup: { backupId: string } }).backup.backupId;
}

function codeOf({ answer }: Spoken): string {
  const { error, run } = answer as { error?: { code: string }; run?: { error: { code: string } | null } };
  return error?.code ?? run?.error?.code ?? 'none';
}
