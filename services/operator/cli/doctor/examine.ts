import { readStack, type StackState } from '#deploy/local/stack.ts';
import { HoldfastError } from '#libs/kernel/errors.ts';
import type { Context } from '../command.ts';
import { examineDeployments } from './deployments.ts';
import { bad, type Finding } from './finding.ts';
import { examineKeys } from './keys.ts';
import { examineStack } from './stack.ts';
import { examineHome, examineStore } from './store.ts';
import { examineTools } from './tools.ts';

/** Everything, in the order in which one thing needs another. A part that cannot be looked at is a finding itself. */
export async function examine(context: Context): Promise<readonly Finding[]> {
  const state = await readStack(context.home.folder);
  const findings = await Promise.all([
    seen('tools', () => examineTools(context)),
    seen('stack', () => examineStack(state)),
    seen('home', () => examineHome(state, context)),
    seen('store', () => examineStore(state, context)),
    seen('keys', () => examineKeys(state, context)),
    seen('deployments', () => examineDeployments(state, context)),
  ]);
  return findings.flat();
}

export type KnownStack = (StackState & { readonly running: boolean }) | undefined;

async function seen(subject: string, look: () => Promise<readonly Finding[]>): Promise<readonly Finding[]> {
  try {
    return await look();
  } catch (thrown) {
    const { code, message, remedy } = HoldfastError.from(thrown);
    return [bad(subject, `${code}: ${message}`, remedy)];
  }
}
