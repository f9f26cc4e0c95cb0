import { existsSync } from 'node:fs';
import type { SecretRef } from '#libs/contracts/spec.ts';
import { HoldfastError } from '#libs/kernel/errors.ts';
import { Secret } from '#libs/kernel/secret.ts';
import { openRepository } from '#libs/repository/open.ts';
import type { Repository } from '#libs/repository/port.ts';
import { readEnvFile, secretFile } from '#libs/runtime/env-file.ts';
import { readIdentity } from '#libs/runtime/key-file.ts';
import type { ObjectStore } from '#libs/store/port.ts';
import type { Context } from '../command.ts';
import { openStoreByEnv } from '../open-store.ts';

/** All that a rescue has: no home folder, no stack. */
export interface RescueHost {
  readonly store: ObjectStore;
  readonly repository: Repository;
  /** Throws SECRET_MISSING. */
  readonly requireSecret: (ref: SecretRef) => Secret;
}

/** Opens the store with a key, and nothing else. Throws KEY_MISSING, KEY_WRONG, REPOSITORY_MISSING, CONFIG_INVALID. */
export async function openRescue(
  given: {
    storeUrl: string;
    keyFile: string;
    envFile: string | undefined;
    settings: ReadonlyMap<string, string>;
  },
  { env }: Pick<Context, 'env'>,
): Promise<RescueHost> {
  const identity = await readIdentity(given.keyFile);
  if (given.envFile !== undefined && !existsSync(given.envFile))
    throw new HoldfastError('CONFIG_INVALID', { envFile: given.envFile, reason: 'no such file' });
  const file = given.envFile === undefined ? new Map<string, string>() : readEnvFile(given.envFile);
  const store = openStoreByEnv(given.storeUrl, env);
  const repository = await openRepository({ store, identity });
  return {
    store,
    repository,
    requireSecret(ref) {
      if ('file' in ref) return secretFile(ref.file);
      const name = ref.env;
      const value = given.settings.get(name) || env[name] || file.get(name);
      if (value) return new Secret(value);
      const remedy = `add ${name}=value to a file of mode 0600 and give it with --env-file`;
      throw new HoldfastError('SECRET_MISSING', { name, remedy });
    },
  };
}
