import type { TreePorts } from '#libs/trees/ports.ts';

/** Nothing beyond what trees need. */
export type FilePorts = TreePorts;
