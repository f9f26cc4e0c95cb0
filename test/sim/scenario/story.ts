import { simBus } from '../twins/bus.ts';
import type { Bus } from '#libs/bus/port.ts';
import { silentLog } from '#libs/telemetry/log.ts';
import { SimProcess } from '../world/scheduler.ts';
import type { Stage } from './draw.ts';
import { Operator } from './operator.ts';
import { specOf } from './spec.ts';

type Wish = 'backup' | 'event' | 'restore' | 'rollback' | 'release' | 'drill' | 'verify';

const ANY: readonly Wish[] = ['backup', 'event', 'restore', 'restore', 'drill', 'verify'];
/** What is asked for after what: a restore is often taken back, or kept. */
const FOLLOWS: Readonly<Record<Wish, readonly Wish[]>> = {
  backup: [...ANY, 'restore', 'restore'],
  event: ANY,
  restore: [...ANY, 'rollback', 'rollback', 'rollback', 'rollback', 'release', 'release'],
  rollback: [...ANY, 'restore', 'release'],
  release: ANY,
  drill: [...ANY, 'rollback'],
  verify: [...ANY, 'rollback'],
};

/** What people, schedules and the EDMS want of one deployment, one after the other. */
export class Story {
  readonly #name: string;
  readonly #stage: Stage;
  readonly #operator: Operator;
  readonly #bus: Bus;
  readonly #edms: SimProcess;
  /** How often the next wish waits for the end of this one. */
  readonly #patience: number;
  #requests = 0;
  readonly #cancels: number;
  #isTold = false;

  constructor(name: string, stage: Stage) {
    const { world, weather, broker, system, judge } = stage;
    this.#name = name;
    this.#patience = world.random.pick([0, 0.5, 0.9]);
    this.#cancels = world.random.pick([0, 0.25, 0.7]);
    this.#stage = stage;
    this.#operator = new Operator(world, () => system.caller, judge);
    this.#edms = new SimProcess(`edms ${name}`);
    const clock = { now: () => world.wallClockMs(this.#edms) };
    this.#bus = simBus({ world, weather, broker, log: silentLog, clock });
  }

  /** All was asked for, and answered. */
  get isOver(): boolean {
    return this.#isTold && this.#operator.waiting === 0;
  }

  begin(): void {
    const { world, site, judge } = this.#stage;
    site.add(this.#name);
    world
      .within(undefined, () => this.#tell())
      .then(
        () => (this.#isTold = true),
        (error: unknown) => judge.violate('simulation', (error as Error).stack ?? String(error)),
      );
    this.#work();
  }

  async #tell(): Promise<void> {
    const { world } = this.#stage;
    const { random } = world;
    const schedule = random.chance(0.2) ? { schedule: '* * * * *' } : {};
    const drill = random.chance(0.1) ? { drill: '1h' } : {};
    const declared = await this.#operator.declare(specOf(this.#name, { ...schedule, ...drill }));
    if (declared === undefined) return;
    const first = await this.#operator.backup(this.#name, `${this.#name}-first`);
    if (first !== undefined && random.chance(0.9)) await this.#ended(first);
    const count = 1 + random.int(4);
    for (let n = 0, last: Wish = 'backup'; n < count; n += 1) {
      await world.pause(random.between(0, 15_000));
      last = random.pick(FOLLOWS[last]);
      await this.#do(last);
    }
  }

  async #do(wish: Wish): Promise<void> {
    const { random } = this.#stage.world;
    if (wish === 'event') return this.#sendEvent();
    this.#requests += 1;
    const requestId = `${this.#name}-${wish}-${this.#requests}`;
    const copies = random.chance(0.3) ? 2 + random.int(3) : 1;
    const asked = Array.from({ length: copies }, async () => {
      await this.#stage.world.pause(random.between(0, copies * 3_000));
      return await this.#operator[wish](this.#name, requestId);
    });
    if (random.chance(this.#patience)) await Promise.all(asked);
    const answered = asked[0]!.then((runId) => this.#onStarted(runId));
    if (this.#patience > 0) await answered;
  }

  async #onStarted(runId: string | undefined): Promise<void> {
    const { random } = this.#stage.world;
    if (runId === undefined) return;
    if (random.chance(this.#cancels)) this.#cancelSoon(runId);
    if (random.chance(this.#patience)) await this.#ended(runId);
  }

  #cancelSoon(runId: string): void {
    const { world } = this.#stage;
    world.within(undefined, () =>
      world.after(world.random.between(0, 12_000), () => void this.#operator.cancel(runId), undefined),
    );
  }

  async #ended(runId: string): Promise<void> {
    const { world, judge } = this.#stage;
    for (let looks = 0; looks < 60; looks += 1) {
      if (judge.facts.run(runId).outcome !== undefined) return;
      await world.pause(2_000);
    }
  }

  async #sendEvent(): Promise<void> {
    const { world, judge } = this.#stage;
    this.#requests += 1;
    const id = `${this.#name}-event-${this.#requests}`;
    const event = {
      subject: `edms.${this.#name}`,
      type: world.random.chance(0.8) ? 'edms.changed' : 'edms.other',
      id,
      source: 'edms',
      deployment: this.#name,
      data: {},
    };
    const copies = world.random.chance(0.5) ? 2 + world.random.int(4) : 1;
    for (let copy = 0; copy < copies; copy += 1) {
      // A name of its own on the wire: what keeps copies apart from events is not the broker's memory.
      const sent = world.within(this.#edms, () => this.#bus.publish(event, { deadlineMs: 5_000 }));
      await sent.then(
        () => judge.onPublished(this.#name, event),
        () => world.note(`event ${id} was not taken by the bus`),
      );
      await world.pause(world.random.between(0, 2_000));
    }
  }

  /** The application is used: files, and rows that name them. */
  #work(): void {
    const { world, site } = this.#stage;
    const deployment = site.deployments.get(this.#name)!;
    const next = (): void => {
      const session = deployment.beginDocument();
      if (session !== undefined) world.afterInWorld(world.random.between(10, 500), session);
      world.afterInWorld(world.random.between(1_000, 8_000), next);
    };
    world.afterInWorld(1_000, next);
  }
}
