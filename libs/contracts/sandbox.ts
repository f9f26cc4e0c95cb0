import { z } from 'zod';
import { WHICH_STORE } from './care.ts';
import { snapshotRef, staged } from './requests.ts';

/** Verbs of a drill: a backup restored into a sandbox and asked there (protos/README.md). */

const needs = z.object({ extensions: z.array(z.string()), serverMajor: z.int() });

/** OpenSandbox: a folder, and a database server that listens on a socket in it. `needs` are the manifest's facts. */
export const openSandboxRequest = z.object({ needs });

export const sandbox = z.object({
  folder: z.string(),
  /** Socket folder and port of the scratch server; absent where `verify.postgres` names a server. */
  socket: z.object({ folder: z.string(), port: z.int() }).nullable(),
  database: z.string(),
  /** Where each root, tree and env file of the spec lies in the sandbox, by its usual path. */
  places: z.array(z.object({ from: z.string(), to: z.string(), single: z.boolean() })),
  serverVersion: z.string(),
  /** Moment of the server's start, as it says: tells it from any other. */
  serverIdentity: z.string(),
});
export type Sandbox = z.infer<typeof sandbox>;

/** Answer of OpenSandbox: `relocationJson` sends the verbs of a restore into it. */
export const openSandboxOutcome = z.object({ sandbox, relocationJson: z.string() });

const check = z.object({ name: z.string(), level: z.int(), ok: z.boolean(), detail: z.string() });

/** VerifyApplication: L4 and L5 on what was restored; `earlier` checks of the run become part of the verdict. */
export const verifyApplicationRequest = z.object({
  backupId: z.string(),
  sandbox,
  staged: z.array(staged),
  earlier: z.array(check),
});

/** CloseSandbox: stops what runs in it and removes it, whatever attempt made it. */
export const closeSandboxRequest = z.object({});

/** VerifyStored: 0 the chain and what must be there, 1 every byte of every pack as well. */
export const verifyStoredRequest = z.object({
  backupId: z.string(),
  level: z.int().min(0).max(1),
  snapshots: z.array(snapshotRef),
  /** Where it is looked at; absent: in the store that backups go to. */
  store: z.enum(WHICH_STORE).default('first'),
});
