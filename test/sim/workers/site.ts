import type { Spec } from '#libs/contracts/spec.ts';
import type { StepContext } from '#libs/runtime/contract.ts';
import type { Clock } from '#libs/kernel/clock.ts';
import type { ObjectStore } from '#libs/store/port.ts';
import { Deployment, type TargetWatch } from '../twins/deployment.ts';
import { request } from '../world/network.ts';
import type { Scheduler } from '../world/scheduler.ts';

/** What the models of the workers' verbs work on. */
export interface SitePorts {
  readonly world: Scheduler;
  readonly store: ObjectStore;
  readonly clock: Clock;
  readonly site: Site;
}

/** The host that all deployments are on, with the sandboxes of drills. */
export class Site {
  readonly deployments = new Map<string, Deployment>();
  readonly sandboxes = new Map<string, Deployment>();
  readonly #watch: TargetWatch;

  constructor(watch: TargetWatch) {
    this.#watch = watch;
  }

  add(name: string): Deployment {
    const made = Deployment.original(name, this.#watch);
    this.deployments.set(name, made);
    return made;
  }

  /** The same again is the same. */
  openSandbox(name: string): void {
    if (!this.sandboxes.has(name)) this.sandboxes.set(name, new Deployment(name, this.#watch));
  }

  requireOf(spec: Spec): Deployment {
    const name = spec.database.name!;
    const found = this.deployments.get(name) ?? this.sandboxes.get(name);
    if (found === undefined) throw new Error(`no deployment ${name}`);
    return found;
  }
}

/** A statement on a database server: it is done whatever becomes of who sent it. */
export function statement<T>({ world }: SitePorts, { signal }: StepContext, run: () => T): Promise<T> {
  const [thereMs, backMs] = [world.random.between(1, 40), world.random.between(1, 20)];
  return request(world, { thereMs, backMs, signal }, run);
}

/** A call of the file system: done by the process itself, or not at all. */
export async function systemCall<T>({ world }: SitePorts, { signal }: StepContext, run: () => T): Promise<T> {
  await world.pause(world.random.between(1, 40));
  signal.throwIfAborted();
  return run();
}

/** Work that takes its time and shows that it moves. */
export async function toil({ world }: SitePorts, context: StepContext, mostMs: number): Promise<void> {
  await world.pause(world.random.between(5, mostMs));
  context.signal.throwIfAborted();
  context.progress({ bytes: 1, activity: context.command.verb });
}
