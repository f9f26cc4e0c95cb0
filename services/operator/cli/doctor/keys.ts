import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { listRecipients } from '#libs/repository/change-recipients.ts';
import { recipientOf } from '#libs/repository/key-slots.ts';
import { openRepository } from '#libs/repository/open.ts';
import { readIdentity } from '#libs/runtime/key-file.ts';
import type { Context } from '../command.ts';
import { newestProofs } from '../keys/prove.ts';
import { openStoreOf } from '../open-store.ts';
import { RECOVERY_FILE } from '../prepare-repository.ts';
import type { KnownStack } from './examine.ts';
import { durationText } from '../text.ts';
import { bad, ok, warning, type Finding } from './finding.ts';

/** A key that is kept elsewhere is tried this often, lest it is found torn in the year it is needed. */
const PROVED_EVERY_MS = 90 * 86_400_000;

/** Is the key there and private, and is the recovery copy where it survives this machine? */
export async function examineKeys(state: KnownStack, context: Context): Promise<readonly Finding[]> {
  const { home, env } = context;
  const keyFile = env['HOLDFAST_KEY_FILE'] || home.keyFile;
  const key = await modeOf(keyFile);
  if (key === undefined)
    return [
      bad(
        'key',
        `${keyFile} is missing`,
        'put the identity or the recovery key back there; on a new home: holdfast up',
      ),
    ];
  const open =
    (key & 0o077) !== 0
      ? [bad('key', `${keyFile} can be read by others`, `chmod 600 ${keyFile}`)]
      : [ok('key', `${keyFile} is there and private`)];
  const proved = state === undefined ? [] : await proofFindings(state, keyFile, context);
  const recoveryFile = join(home.folder, RECOVERY_FILE);
  const recovery = await modeOf(recoveryFile);
  if (recovery === undefined)
    return [
      ...open,
      ...proved,
      ok('recovery key', 'is not on this machine; it must lie where it survives it'),
    ];
  return [
    ...open,
    ...proved,
    warning(
      'recovery key',
      `${recoveryFile} is still beside what it must survive`,
      `move it off this machine: a password safe, a sealed envelope`,
    ),
  ];
}

async function modeOf(path: string): Promise<number | undefined> {
  return await stat(path).then(
    ({ mode }) => mode,
    () => undefined,
  );
}

/** Who can open the store, and when each key but this home's was last tried. */
async function proofFindings(
  state: NonNullable<KnownStack>,
  keyFile: string,
  context: Context,
): Promise<readonly Finding[]> {
  const store = await openStoreOf(state, context);
  const identity = await readIdentity(keyFile);
  const own = await recipientOf(identity);
  const { recipients } = await listRecipients(store);
  const proofs = await newestProofs(store, await openRepository({ store, identity }));
  const now = context.clock.now();
  return recipients
    .filter(({ recipient }) => recipient !== own)
    .map(({ name }) => proofFinding(name, proofs.get(name)?.at, now));
}

/** Pure. */
export function proofFinding(name: string, provedAt: string | undefined, now: number): Finding {
  const remedy = 'from where it is kept: holdfast keys prove --key FILE';
  if (provedAt === undefined)
    return warning(`key ${name}`, 'was never tried: whether it opens a backup is not known', remedy);
  const age = now - Date.parse(provedAt);
  const said = `opened a backup ${durationText(age)} ago`;
  return age > PROVED_EVERY_MS
    ? warning(`key ${name}`, `${said}; that is long`, remedy)
    : ok(`key ${name}`, said);
}
