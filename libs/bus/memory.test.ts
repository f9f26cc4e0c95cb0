import { silentLog } from '#libs/telemetry/log.ts';
import { busConformance } from './conformance.ts';
import { MemoryBroker, openMemoryBus } from './memory.ts';

busConformance('memory', () => {
  const broker = new MemoryBroker();
  return Promise.resolve({
    open: () => Promise.resolve(openMemoryBus({ log: silentLog, broker })),
    publishRaw: async (subject, bytes) =>
      void (await broker
        .requireStreamOf(subject)
        .add({ subject, id: `raw:${subject}`, bytes }, { deadlineMs: 1_000 })),
    stored: (stream) =>
      Promise.resolve(
        [...broker.stream(stream).messagesAfter(0)].map(({ subject, bytes }) => ({
          subject,
          text: Buffer.from(bytes).toString(),
        })),
      ),
    [Symbol.asyncDispose]: () => Promise.resolve(),
  });
});
