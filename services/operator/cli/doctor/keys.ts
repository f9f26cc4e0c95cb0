import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Context } from '../command.ts';
import { RECOVERY_FILE } from '../prepare-repository.ts';
import type { KnownStack } from './examine.ts';
import { bad, ok, warning, type Finding } from './finding.ts';

/** Is the key there and private, and is the recovery copy where it survives this machine? */
export async function examineKeys(_: KnownStack, { home, env }: Context): Promise<readonly Finding[]> {
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
  const recoveryFile = join(home.folder, RECOVERY_FILE);
  const recovery = await modeOf(recoveryFile);
  if (recovery === undefined)
    return [...open, ok('recovery key', 'is not on this machine; it must lie where it survives it')];
  return [
    ...open,
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
