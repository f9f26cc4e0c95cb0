import { findTool, type ToolName } from '#deploy/local/tools.ts';
import { HoldfastError } from '#libs/kernel/errors.ts';
import type { Context } from '../command.ts';
import { bad, ok, type Finding } from './finding.ts';

const NEEDED = ['nats-server', 'postgres-client'] as const satisfies readonly ToolName[];

/** What the stack needs of this host; nothing is fetched here. */
export async function examineTools({ env, interrupts }: Context): Promise<readonly Finding[]> {
  return await Promise.all(
    NEEDED.map(async (name) => {
      try {
        const { path, version } = await findTool(name, { install: false, env, signal: interrupts.signal });
        return ok(name, `${version} at ${path}`);
      } catch (thrown) {
        const { message, remedy } = HoldfastError.from(thrown);
        return bad(name, message, `${remedy}; or let it be fetched: holdfast up`);
      }
    }),
  );
}
