import { HoldfastError } from '#libs/kernel/errors.ts';
import { randomBytes } from 'node:crypto';
import { chmod, mkdir, readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import type { Environment } from './cache-folder.ts';
import { createFile } from './create-file.ts';

/** All that the single-host stack keeps lies in one folder that is its user's alone. */
export interface Home {
  readonly folder: string;
  readonly lockFolder: string;
  readonly stateFile: string;
  readonly logFolder: string;
  /** Bearer token of the gRPC doors. */
  readonly tokenFile: string;
  readonly natsTokenFile: string;
  readonly natsConfigFile: string;
  readonly natsFolder: string;
  readonly storeFolder: string;
  readonly storeCredentialsFile: string;
  readonly keyFile: string;
  readonly envFile: string;
}

/** `HOLDFAST_HOME`, else `.holdfast` in the current folder. */
export function homeFolder(env: Environment = process.env): string {
  return resolve(env['HOLDFAST_HOME'] || '.holdfast');
}

export function describeHome(home: string): Home {
  const folder = resolve(home);
  return {
    folder,
    lockFolder: join(folder, 'lock'),
    stateFile: join(folder, 'stack.json'),
    logFolder: join(folder, 'logs'),
    tokenFile: join(folder, 'token'),
    natsTokenFile: join(folder, 'nats-token'),
    natsConfigFile: join(folder, 'nats.conf'),
    natsFolder: join(folder, 'nats'),
    storeFolder: join(folder, 'store'),
    storeCredentialsFile: join(folder, 'store-credentials.json'),
    keyFile: join(folder, 'keys', 'identity.txt'),
    envFile: join(folder, 'services.env'),
  };
}

/** Makes the folder, its tokens and an empty services.env where they are missing. Idempotent. Throws NOT_WRITABLE, SPACE_MISSING. */
export async function prepareHome(folder: string): Promise<Home> {
  const home = describeHome(folder);
  try {
    await mkdir(home.folder, { recursive: true, mode: 0o700 });
    await chmod(home.folder, 0o700);
    for (const inner of [home.logFolder, home.natsFolder, join(home.folder, 'keys')])
      await mkdir(inner, { recursive: true, mode: 0o700 });
    await readOrMakeSecret(home.tokenFile);
    await readOrMakeSecret(home.natsTokenFile);
    await createFile(
      home.envFile,
      '# NAME=value, one a line: secrets that deployment specs name with { env: NAME }\n',
    );
  } catch (error) {
    throw notWritten(error, { folder: home.folder });
  }
  return home;
}

/** 32 random bytes as hex, made once. */
export async function readOrMakeSecret(file: string): Promise<string> {
  await createFile(file, `${randomBytes(32).toString('hex')}\n`);
  return (await readFile(file, 'utf8')).trim();
}

/** A full disk has another remedy than one that may not be written. */
export function notWritten(cause: unknown, where: { folder: string } | { file: string }): HoldfastError {
  const { code } = HoldfastError.from(cause);
  return new HoldfastError(code === 'SPACE_MISSING' ? code : 'NOT_WRITABLE', where, { cause });
}
