import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { HoldfastError } from '#libs/kernel/errors.ts';
import type { Bus, BusEvent, Parked, Publication, StreamName } from './port.ts';
import { STREAM_RULES } from './streams.ts';

/** What a bus is tried on. Streams are shared by the tests: each uses deployments and subjects of its own. */
export interface BusRig extends AsyncDisposable {
  open(): Promise<Bus>;
  /** Bytes that are no CloudEvent, stored in the stream of the subject. */
  publishRaw(subject: string, bytes: Uint8Array): Promise<void>;
  /** What a stream holds now. */
  stored(stream: StreamName): Promise<readonly { readonly subject: string; readonly text: string }[]>;
}

const WAIT_MS = 10_000;
let sequence = 0;

/** One suite for every bus: what its port promises, seen from outside. */
export function busConformance(name: string, openRig: () => Promise<BusRig>): void {
  describe(`bus on ${name}`, () => {
    let rig: BusRig;
    let bus: Bus;
    before(async () => {
      rig = await openRig();
      bus = await rig.open();
    });
    after(async () => {
      await bus[Symbol.asyncDispose]();
      await rig[Symbol.asyncDispose]();
    });

    test('the same id sent twice is stored and delivered once', async () => {
      const { command, consume } = fresh(bus);
      assert.deepEqual(await bus.publish(command('one')), { duplicate: false });
      assert.deepEqual(await bus.publish(command('one')), { duplicate: true });
      await bus.publish(command('two'));
      const seen: string[] = [];
      await using _consumer = await consume(async ({ event }) => void seen.push(event.id));
      await until(() => seen.length === 2);
      await pause(50);
      assert.deepEqual(
        seen.map((id) => id.split(':')[1]),
        ['one', 'two'],
      );
    });

    test('an event arrives with everything its sender said', async () => {
      const { command, consume } = fresh(bus);
      const sent = {
        ...command('whole'),
        data: { text: 'größe', list: [1, null, { deep: true }] },
        traceparent: `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01`,
      };
      await bus.publish(sent);
      const { promise, resolve } = Promise.withResolvers<BusEvent>();
      await using _consumer = await consume(async ({ event }) => resolve(event));
      const { time, ...rest } = await promise;
      assert.deepEqual(rest, sent);
      assert.match(time, /^\d{4}-\d\d-\d\dT.*Z$/);
    });

    test('an acknowledged command is gone, also for a later consumer', async () => {
      const { command, consume, subject } = fresh(bus);
      await bus.publish(command('done'));
      let handled = 0;
      {
        await using _consumer = await consume(async () => void (handled += 1));
        await until(() => handled === 1);
        await until(async () =>
          (await rig.stored('COMMANDS')).every((message) => message.subject !== subject),
        );
      }
      await using _again = await consume(async () => void (handled += 1));
      await pause(300);
      assert.equal(handled, 1);
    });

    test('a transient error brings the message back after the pause that was computed', async () => {
      const { command, consume } = fresh(bus);
      await bus.publish(command('again'));
      const at: number[] = [];
      const attempts: number[] = [];
      await using _consumer = await consume(
        async ({ attempt }) => {
          at.push(performance.now());
          attempts.push(attempt);
          if (attempt < 3) throw new HoldfastError('DATABASE_UNREACHABLE');
        },
        { nakDelayMs: (attempt) => 150 * attempt },
      );
      await until(() => attempts.length === 3);
      assert.deepEqual(attempts, [1, 2, 3]);
      assert.ok(at[1]! - at[0]! >= 140, `second after ${at[1]! - at[0]!} ms`);
      assert.ok(at[2]! - at[1]! >= 280, `third after ${at[2]! - at[1]!} ms`);
    });

    test('a permanent error parks the message at once, with its full text', async () => {
      const { command, consume, subject } = fresh(bus);
      await bus.publish(command('poison'));
      const parked: Parked[] = [];
      let handled = 0;
      await using _consumer = await consume(
        async () => {
          handled += 1;
          throw new HoldfastError('SPEC_INVALID');
        },
        { onParked: async (each) => void parked.push(each) },
      );
      await until(() => parked.length === 1);
      await until(async () => (await rig.stored('COMMANDS')).every((message) => message.subject !== subject));
      assert.equal(handled, 1);
      assert.equal(parked[0]!.error.code, 'SPEC_INVALID');
      assert.equal(parked[0]!.event?.id, command('poison').id);
      const copies = (await rig.stored('PARKED')).filter(
        (message) => message.subject === 'holdfast.parked.COMMANDS' && message.text.includes(subject),
      );
      assert.equal(copies.length, 1);
      assert.equal((JSON.parse(copies[0]!.text) as { data: { item: string } }).data.item, 'poison');
    });

    test('a message that is no CloudEvent is parked and never reaches the handler', async () => {
      const { consume, subject } = fresh(bus);
      await rig.publishRaw(subject, Buffer.from('{"half": '));
      const parked: Parked[] = [];
      await using _consumer = await consume(async () => assert.fail('it was handled'), {
        onParked: async (each) => void parked.push(each),
      });
      await until(() => parked.length === 1);
      assert.equal(parked[0]!.error.code, 'MESSAGE_MALFORMED');
      assert.equal(parked[0]!.event, undefined);
      await until(async () => (await rig.stored('PARKED')).some((message) => message.text === '{"half": '));
    });

    test('one delivery too many parks what never succeeds', async () => {
      const { command, consume } = fresh(bus);
      await bus.publish(command('hopeless'));
      const parked: Parked[] = [];
      let handled = 0;
      await using _consumer = await consume(
        async () => {
          handled += 1;
          throw new HoldfastError('DATABASE_UNREACHABLE');
        },
        { deliveriesMax: 3, nakDelayMs: () => 10, onParked: async (each) => void parked.push(each) },
      );
      await until(() => parked.length === 1);
      assert.equal(handled, 3);
      assert.equal(parked[0]!.deliveries, 3);
    });

    test('a full store parks nothing, however long: the message is kept in hand until the store takes bytes', async () => {
      const { command, consume } = fresh(bus);
      await bus.publish(command('patient'));
      const deliveries: number[] = [];
      await using _consumer = await consume(
        async ({ attempt }) => {
          deliveries.push(attempt);
          if (deliveries.length < 8) throw new HoldfastError('STORE_FULL');
        },
        { deliveriesMax: 3, nakDelayMs: () => 10, onParked: () => assert.fail('it was parked') },
      );
      await until(() => deliveries.length === 8);
      assert.deepEqual(new Set(deliveries), new Set([1]));
    });

    test('a stopped consumer gives its messages back at once', async () => {
      const { command, consume } = fresh(bus);
      await bus.publish(command('handed-on'));
      const started = Promise.withResolvers<void>();
      const first = await consume(async ({ signal }) => {
        started.resolve();
        await aborted(signal);
        throw signal.reason;
      });
      await started.promise;
      await first[Symbol.asyncDispose]();
      const stoppedAt = performance.now();
      const { promise, resolve } = Promise.withResolvers<number>();
      await using _second = await consume(async ({ attempt }) => resolve(attempt));
      assert.equal(await promise, 2);
      assert.ok(performance.now() - stoppedAt < 3_000);
    });

    test('no more handlers run at once than there are slots, and two consumers share the work', async () => {
      const { command, consume } = fresh(bus);
      for (let item = 0; item < 12; item += 1) await bus.publish(command(`item-${item}`));
      const seen: string[] = [];
      let running = 0;
      let most = 0;
      const handler = async ({ event }: { event: BusEvent }): Promise<void> => {
        running += 1;
        most = Math.max(most, running);
        await pause(20);
        running -= 1;
        seen.push(event.id);
      };
      await using _one = await consume(handler, { slots: 2 });
      await using _two = await consume(handler, { slots: 1 });
      await until(() => seen.length === 12);
      assert.equal(new Set(seen).size, 12);
      assert.ok(most <= 3, `${most} at once`);
    });

    test('work without a sign of life is aborted and goes to another', async () => {
      const { command, consume } = fresh(bus);
      await bus.publish(command('hung'));
      const abortedWith = Promise.withResolvers<unknown>();
      await using _hung = await consume(
        async ({ attempt, signal }) => {
          if (attempt > 1) return;
          await aborted(signal);
          abortedWith.resolve(signal.reason);
          throw signal.reason;
        },
        { ackWaitMs: 600, silentMs: 300 },
      );
      assert.equal(HoldfastError.from(await abortedWith.promise).code, 'CANCELLED');
      const taken = Promise.withResolvers<number>();
      await using _other = await consume(async ({ attempt }) => taken.resolve(attempt), {
        ackWaitMs: 600,
        silentMs: 300,
      });
      await Promise.race([taken.promise, pause(3_000)]);
      await until(async () =>
        (await rig.stored('COMMANDS')).every((message) => !message.text.includes(command('hung').id)),
      );
    });

    test('work with signs of life stays ours, however long it takes', async () => {
      const { command, consume } = fresh(bus);
      await bus.publish(command('long'));
      const attempts: number[] = [];
      let finished = false;
      await using _consumer = await consume(
        async ({ attempt, alive }) => {
          attempts.push(attempt);
          for (let beat = 0; beat < 20; beat += 1) {
            alive();
            await pause(100);
          }
          finished = true;
        },
        { ackWaitMs: 600, silentMs: 500, slots: 2 },
      );
      await until(() => finished);
      assert.deepEqual(attempts, [1]);
    });

    test('a consumer gets the subjects it asked for and no others', async () => {
      const mine = fresh(bus);
      const other = fresh(bus);
      await bus.publish(other.command('theirs'));
      await bus.publish(mine.command('ours'));
      const seen: string[] = [];
      await using _consumer = await mine.consume(async ({ event }) => void seen.push(event.subject));
      await until(() => seen.length === 1);
      await pause(100);
      assert.deepEqual(seen, [mine.subject]);
      await using _rest = await other.consume(async () => {});
      await until(async () =>
        (await rig.stored('COMMANDS')).every((message) => message.subject !== other.subject),
      );
    });

    test('a fact reaches every durable consumer, also one that comes later', async () => {
      const deployment = token();
      const subject = `holdfast.evt.${deployment}.r1`;
      const fact: Publication = {
        subject,
        type: 'test.Fact',
        id: `${deployment}:1`,
        source: 'test',
        deployment,
        data: {},
      };
      const seen: string[] = [];
      const options = { stream: 'EVENTS' as const, filterSubject: `holdfast.evt.${deployment}.>`, slots: 1 };
      await using _first = await bus.consume(
        { ...options, durable: `a-${deployment}` },
        async () => void seen.push('a'),
      );
      await bus.publish(fact);
      await until(() => seen.length === 1);
      await using _second = await bus.consume(
        { ...options, durable: `b-${deployment}` },
        async () => void seen.push('b'),
      );
      await until(() => seen.length === 2);
      assert.deepEqual(seen, ['a', 'b']);
    });

    test('a full command stream refuses, and takes again when there is room', async () => {
      const { command, consume } = fresh(bus);
      const room = STREAM_RULES.COMMANDS.messagesMax - (await rig.stored('COMMANDS')).length;
      for (let at = 0; at < room; at += 50) {
        await Promise.all(
          Array.from({ length: Math.min(50, room - at) }, (_, index) =>
            bus.publish(command(`fill-${at + index}`)),
          ),
        );
      }
      await assert.rejects(bus.publish(command('over'), { deadlineMs: 600 }), { code: 'BUS_UNREACHABLE' });
      const waiting = bus.publish(command('patient'), { deadlineMs: WAIT_MS });
      let handled = 0;
      await using _consumer = await consume(async () => void (handled += 1), { slots: 16 });
      assert.deepEqual(await waiting, { duplicate: false });
      await until(() => handled === room + 1);
    });

    test('an aborted publish ends', async () => {
      const { command } = fresh(bus);
      await assert.rejects(
        bus.publish(command('never'), { signal: AbortSignal.abort(new HoldfastError('CANCELLED')) }),
        { code: 'CANCELLED' },
      );
    });

    test('what is published reaches who listens now, beside the consumers', async () => {
      const { command } = fresh(bus);
      const sent = command('heard');
      await using other = await rig.open();
      const heard: string[] = [];
      await using _listening = await other.listen(sent.subject, (event) => heard.push(event.id));
      await bus.publish(sent);
      await until(() => heard.length === 1);
      assert.deepEqual(heard, [sent.id]);
    });

    test('a note reaches who listens now, by wildcard too, and nobody later', async () => {
      const run = token();
      const note = (item: number) => ({
        subject: `holdfast.progress.${run}`,
        type: 'test.Note',
        source: 'test',
        deployment: 'd',
        data: { item },
      });
      bus.emit(note(0));
      const other = await rig.open();
      const seen: unknown[] = [];
      const exact = await other.listen(`holdfast.progress.${run}`, (event) =>
        seen.push(['exact', event.data]),
      );
      await using _wild = await other.listen('holdfast.progress.*', (event) => {
        if (event.subject.endsWith(run)) seen.push(['wild', event.data]);
      });
      bus.emit(note(1));
      await until(() => seen.length === 2);
      await exact[Symbol.asyncDispose]();
      bus.emit(note(2));
      await until(() => seen.length === 3);
      await pause(50);
      assert.deepEqual(
        seen.toSorted((a, b) => String(a).localeCompare(String(b))),
        [
          ['exact', { item: 1 }],
          ['wild', { item: 1 }],
          ['wild', { item: 2 }],
        ],
      );
      await other[Symbol.asyncDispose]();
    });
  });
}

/** A subject, and the one durable consumer that a work queue allows for it. */
function fresh(bus: Bus) {
  const deployment = token();
  const subject = `holdfast.cmd.verifier.${deployment}`;
  return {
    subject,
    command: (item: string): Publication => ({
      subject,
      type: 'test.Command',
      id: `${deployment}:${item}`,
      source: 'test',
      deployment,
      data: { item },
      traceparent: undefined,
    }),
    consume: (handler: Parameters<Bus['consume']>[1], options: Partial<Parameters<Bus['consume']>[0]> = {}) =>
      bus.consume(
        {
          stream: 'COMMANDS',
          durable: `verifier-${deployment}`,
          filterSubject: subject,
          slots: 1,
          ...options,
        },
        handler,
      ),
  };
}

function token(): string {
  sequence += 1;
  return `t${process.pid}x${sequence}`;
}

async function aborted(signal: AbortSignal): Promise<void> {
  if (!signal.aborted)
    await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
}

async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  const giveUpAt = performance.now() + WAIT_MS;
  while (!(await condition())) {
    assert.ok(performance.now() < giveUpAt, `did not come true: ${condition.toString()}`);
    await pause(5);
  }
}
