import assert from 'node:assert/strict';
import { setTimeout as delay } from 'node:timers/promises';
import { test } from 'node:test';
import { memoryStore } from '#libs/store/memory.ts';
import type { ObjectStore } from '#libs/store/port.ts';
import { bytesOf } from './fixtures/generated.ts';
import { opened } from './fixtures/opened.ts';
import { CHUNK_BYTES_MAX } from './chunker.ts';
import { PACK_BYTES_AIM } from './pack.ts';
import { PACKS_IN_FLIGHT_MAX } from './pack-uploads.ts';

const MIB = 1024 * 1024;

test('a stream of 300 MiB into a slow store never has more than the named maximum in flight', async () => {
  let inFlight = 0;
  let peak = 0;
  let source = 0;
  let arrived = 0;
  let widest = 0;
  const inner = memoryStore();
  const store: ObjectStore = {
    ...inner,
    async put(name, bytes, options) {
      if (!name.startsWith('packs/')) return await inner.put(name, bytes, options);
      inFlight += bytes.length;
      peak = Math.max(peak, inFlight);
      // A pack arrives only when the source stands still: all that can be under way is.
      for (let before = -1; before !== source;) {
        before = source;
        await delay(100);
      }
      inFlight -= bytes.length;
      arrived += bytes.length;
      return undefined;
    },
  };
  async function* generated() {
    const block = bytesOf(11, MIB);
    for (let n = 0; n < 300; n += 1) {
      block.writeUInt32BE(n, 500_000);
      source += block.length;
      widest = Math.max(widest, source - arrived);
      yield Buffer.from(block.map((byte) => byte ^ (n & 0xff)));
    }
  }
  await using writer = opened(store).writer();
  const ref = await writer.writeStream(generated());
  const totals = await writer.flush();
  assert.equal(ref.bytes, 300 * MIB);
  assert.ok(totals.newBytes >= arrived);
  const packMax = PACK_BYTES_AIM + CHUNK_BYTES_MAX + MIB;
  assert.ok(peak <= PACKS_IN_FLIGHT_MAX * packMax, `peak ${peak}`);
  // Beside them one open pack, one chunk in the chunker and those being sealed.
  assert.ok(
    widest <= (PACKS_IN_FLIGHT_MAX + 1) * packMax + 7 * CHUNK_BYTES_MAX,
    `between source and store ${widest}`,
  );
});
