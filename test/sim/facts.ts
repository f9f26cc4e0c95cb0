import type { StepResult } from '#libs/contracts/step.ts';
import type { JournalEntry, RunHeader, RunOutcome } from '#libs/saga/journal.ts';
import type { LogEntry } from '#libs/saga/log.ts';
import type { Deployment, Tag } from './twins/deployment.ts';
import type { SimBucket } from './twins/store.ts';
import type { Token } from '#libs/contracts/stage.ts';
import type { Site } from './workers/site.ts';

/** One run as the store tells of it, with what only the world knows. */
export interface RunFacts {
  readonly runId: string;
  readonly entries: JournalEntry[];
  readonly results: Map<string, StepResult>;
  header: RunHeader | undefined;
  /** Who wrote the newest `owned`, and its epoch. */
  owner: { readonly process: string; readonly epoch: number } | undefined;
  outcome: RunOutcome | undefined;
  /** How many entries its journal had when somebody asked to take it back. */
  cancelledAt: number | undefined;
  /** The state that lived when the run was opened. */
  tagBefore: Tag | undefined;
  /** The newest who acted, by component. */
  readonly newest: Map<string, Token>;
}

/** What is true, whatever the processes believe. */
export class Facts {
  readonly runs = new Map<string, RunFacts>();
  readonly logs = new Map<string, LogEntry[]>();
  /** Backup id → the run that made it. */
  readonly backups = new Map<string, string>();
  readonly site: Site;
  readonly bucket: SimBucket;

  constructor(site: Site, bucket: SimBucket) {
    this.site = site;
    this.bucket = bucket;
  }

  run(runId: string): RunFacts {
    const known = this.runs.get(runId);
    if (known !== undefined) return known;
    const made: RunFacts = {
      runId,
      entries: [],
      results: new Map(),
      header: undefined,
      owner: undefined,
      outcome: undefined,
      cancelledAt: undefined,
      tagBefore: undefined,
      newest: new Map(),
    };
    this.runs.set(runId, made);
    return made;
  }

  log(deployment: string): LogEntry[] {
    const known = this.logs.get(deployment);
    if (known !== undefined) return known;
    const made: LogEntry[] = [];
    this.logs.set(deployment, made);
    return made;
  }

  deploymentOf({ header }: RunFacts): Deployment | undefined {
    return header === undefined ? undefined : this.site.deployments.get(header.deployment);
  }

  /** JSON of an object as it is stored; undefined when there is none. */
  object(name: string): unknown {
    const found = this.bucket.objects.get(name);
    return found === undefined ? undefined : JSON.parse(found.bytes.toString());
  }
}
