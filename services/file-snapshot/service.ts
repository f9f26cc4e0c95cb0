import type { BuildService } from '#libs/runtime/host.ts';
import { treePorts } from '#libs/trees/ports.ts';
import type { FilePorts } from './ports.ts';

/** Reads and writes document trees of its site; everything durable is in repository and store. */
export const buildService: BuildService<FilePorts> = async (host) => ({
  ports: treePorts(host),
  [Symbol.asyncDispose]: async () => {},
});
