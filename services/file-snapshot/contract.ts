import { STEP_EVENTS, type ServiceContract } from '#libs/runtime/contract.ts';
import { treeVerbs } from '#libs/trees/steps.ts';
import { filesOf } from './domain/component.ts';
import { onTakeSnapshot } from './handlers/on-take-snapshot.ts';
import type { FilePorts } from './ports.ts';
import { fetchFile } from './rpc/fetch-file.ts';
import { listFiles } from './rpc/list-files.ts';
import { preflight } from './rpc/preflight.ts';

/** Document trees: taken after the mark, put back beside the old ones, switched by renames. */
export const contract: ServiceContract<FilePorts> = {
  service: 'file-snapshot',
  consumes: {
    ...treeVerbs(filesOf),
    TakeSnapshot: onTakeSnapshot,
  },
  serves: {
    'holdfast.component.v1.ComponentService': { preflight: { unary: preflight } },
    'holdfast.files.v1.FileService': {
      listFiles: { unary: listFiles },
      fetchFile: { stream: fetchFile },
    },
  },
  publishes: STEP_EVENTS,
};
