import type { BuildService } from '#libs/runtime/host.ts';
import { treePorts } from '#libs/trees/ports.ts';
import { envFiles } from './adapters/env-files.ts';
import { programs } from './adapters/programs.ts';
import { openVault } from './adapters/vault.ts';
import type { ConfigPorts } from './ports.ts';

/** Configuration of its site; everything durable is in repository, store and the deployment's log. */
export const buildService: BuildService<ConfigPorts> = async (host) => ({
  ports: { ...treePorts(host), vault: openVault(host), envFiles, programs, clock: host.clock },
  [Symbol.asyncDispose]: async () => {},
});
