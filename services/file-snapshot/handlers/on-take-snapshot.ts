import type { Json } from '#libs/kernel/json.ts';
import type { StepContext } from '#libs/runtime/contract.ts';
import type { FilesFacts } from '#libs/contracts/tree-snapshot.ts';
import { takeStep } from '#libs/trees/steps.ts';
import { filesOf } from '../domain/component.ts';
import type { FilePorts } from '../ports.ts';

/** What no walk of ours reads: said in every manifest, for it is not in the backup. */
const NOT_READ = [
  {
    what: 'access control lists and extended attributes',
    reason: 'this version keeps mode, owner, time and content',
    partial: false,
  },
];

/** Walks the document trees after the mark: every row that the database snapshot sees has its file. */
export function onTakeSnapshot(request: Json, context: StepContext, ports: FilePorts): Promise<Json> {
  const factsOf = async (captured: FilesFacts): Promise<FilesFacts> => captured;
  return takeStep(
    filesOf(context.spec, context.command.site),
    { leftOut: NOT_READ, factsOf },
    request,
    context,
    ports,
  );
}
