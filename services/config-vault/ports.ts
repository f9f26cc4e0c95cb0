import type { Clock } from '#libs/kernel/clock.ts';
import type { ConfigFacts } from '#libs/contracts/tree-snapshot.ts';
import type { TreePorts } from '#libs/trees/ports.ts';

export interface Vault {
  /** Ids of every config snapshot of a deployment. */
  versions(deployment: string, signal: AbortSignal): AsyncIterable<string>;
  /** First 16 hex characters of the keyed digest: equal values have equal ones, and nothing else can be told. */
  fingerprint(value: string | Uint8Array): string;
  /** Durable in the deployment's log when it returns: only then may the value leave. */
  recordRelease(deployment: string, release: Release): Promise<void>;
}

export interface Release {
  readonly principal: string;
  readonly snapshot: string;
  readonly file: string;
  readonly name: string;
  readonly reason: string;
}

/** Files of the target as they are now. */
export interface EnvFiles {
  /** Undefined when it is not there, cannot be read or is too large. */
  find(path: string): Promise<Buffer | undefined>;
  /** Throws ENV_FILE_TOO_LARGE. */
  require(path: string): Promise<Buffer>;
  /** Beyond what is read into memory. */
  isTooLarge(path: string): Promise<boolean>;
  /** Other bytes in the same file, durable, its owner, mode and times as they were. For staged files only. */
  replace(path: string, content: Uint8Array): Promise<void>;
}

/** Programs of this host. */
export interface Programs {
  /** Looks each up on PATH and asks for its version, in bounded time; never throws for one that does not answer. */
  look(names: readonly string[], signal: AbortSignal): Promise<ConfigFacts['runtime']>;
  /**
   * Runs one argument array to its end, without a shell; what it leaves running in the background is not waited for.
   * `onAlive` is called while it runs. Throws HOOK_FAILED without arguments or output; its last lines are kept in
   * logs/hooks.log of the home folder, where there is one.
   */
  run(
    command: readonly string[],
    options: {
      readonly cwd: string | undefined;
      /** Besides the host's own environment. */
      readonly env: Readonly<Record<string, string>>;
      readonly signal: AbortSignal;
      readonly onAlive: () => void;
    },
  ): Promise<void>;
}

export interface ConfigPorts extends TreePorts {
  readonly vault: Vault;
  readonly envFiles: EnvFiles;
  readonly programs: Programs;
  readonly clock: Clock;
}
