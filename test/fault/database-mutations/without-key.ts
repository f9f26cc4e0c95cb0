import { randomBytes } from 'node:crypto';
import { sha256 } from '#libs/kernel/ids.ts';
import { canonicalJson } from '#libs/kernel/json.ts';
import { sealChunk } from '#libs/repository/chunk.ts';
import { deriveKeys, KEY_BYTES, newestSealing, signBytes } from '#libs/repository/keys.ts';
import { PackBuilder, packObject } from '#libs/repository/pack.ts';
import { sealPacked } from '#libs/repository/sealed-object.ts';
import type { seededOrder } from '../pivot/seeded.ts';
import { saysTheSame, withBitFlipped, type Harmed } from '../repository-damage/harm.ts';
import type { Anatomy, Pack } from './anatomy.ts';

type Random = ReturnType<typeof seededOrder>;
type Draw = (anatomy: Anatomy, random: Random) => readonly Harmed[];

/**
 * What somebody does to a stored backup who can write to the store and has no key, or another one. Each takes away
 * something that the restore of its database needs. `meanwhile` too: it is needed even when all packs were read before.
 */
export const WITHOUT_KEY: Readonly<Record<string, { readonly draw: Draw; readonly meanwhile?: true }>> = {
  'bit of a chunk': {
    meanwhile: true,
    draw({ packs }, random) {
      const pack = random.pick(packs);
      const { offset, sealedBytes } = random.pick(pack.needed);
      const place = { start: offset, end: offset + sealedBytes };
      return [{ name: pack.name, bytes: withBitFlipped(random, pack.bytes, place) }];
    },
  },
  'bit of a table of chunks': {
    draw({ packs }, random) {
      const { name, bytes, tableStart } = random.pick(packs);
      return [{ name, bytes: withBitFlipped(random, bytes, { start: tableStart, end: bytes.length }) }];
    },
  },
  'bit of the snapshot': {
    meanwhile: true,
    draw: ({ snapshot: { name, bytes } }, random) => [{ name, bytes: withBitFlipped(random, bytes) }],
  },
  'bit of the manifest': {
    draw({ manifest: { name, bytes } }, random) {
      for (;;) {
        const flipped = withBitFlipped(random, bytes);
        // White space says nothing.
        if (!saysTheSame(bytes, flipped)) return [{ name, bytes: flipped }];
      }
    },
  },
  'cut at the end of a chunk': {
    meanwhile: true,
    draw({ packs }, random) {
      const { name, bytes, needed } = random.pick(packs);
      const { offset } = random.pick(needed);
      return [{ name, bytes: bytes.subarray(0, offset) }];
    },
  },
  'cut at the end of a pack': {
    draw({ packs }, random) {
      const { name, bytes, tableStart } = random.pick(packs);
      const lost = random.pick([1, 16, bytes.length - tableStart]);
      return [{ name, bytes: bytes.subarray(0, bytes.length - lost) }];
    },
  },
  'cut of the snapshot': {
    meanwhile: true,
    draw: ({ snapshot: { name, bytes } }, random) => [
      { name, bytes: bytes.subarray(0, Math.floor(random.fraction() * bytes.length)) },
    ],
  },
  'chunks exchanged': { meanwhile: true, draw: exchangeChunks },
  'chunks exchanged in a pack of their own name': {
    draw(anatomy, random) {
      const [{ name, bytes } = { name: '', bytes: undefined }] = exchangeChunks(anatomy, random);
      return [
        { name, bytes: undefined },
        { name: packObject(sha256(bytes!)), bytes },
      ];
    },
  },
  'chunk in the place of another': {
    meanwhile: true,
    draw({ packs }, random) {
      const pack = random.pick(packs.filter(hasSeveral));
      const [one, other] = random.shuffle(pack.needed);
      const bytes = Buffer.from(pack.bytes);
      // As far as it goes: what lies behind stays where it is.
      const { offset, sealedBytes } = one!;
      pack.bytes.copy(
        bytes,
        offset,
        other!.offset,
        other!.offset + Math.min(sealedBytes, other!.sealedBytes),
      );
      return [{ name: pack.name, bytes }];
    },
  },
  'packs exchanged': {
    meanwhile: true,
    draw({ packs }, random) {
      const [one, other] = random.shuffle(packs);
      return [
        { name: one!.name, bytes: other!.bytes },
        { name: other!.name, bytes: one!.bytes },
      ];
    },
  },
  'pack of another key': {
    meanwhile: true,
    draw({ packs }, random) {
      const { name, needed } = random.pick(packs);
      return [{ name, bytes: packOf(someKeys(), needed) }];
    },
  },
  'pack gone': {
    meanwhile: true,
    draw: ({ packs }, random) => [{ name: random.pick(packs).name, bytes: undefined }],
  },
  'pack and indexes gone': {
    draw: ({ packs, indexes }, random) =>
      [random.pick(packs).name, ...indexes].map((name) => ({ name, bytes: undefined })),
  },
  'older snapshot in the place of the newer': {
    meanwhile: true,
    draw: ({ snapshot: { name }, older }) => [{ name, bytes: older.snapshot }],
  },
  'snapshot of another key': {
    meanwhile: true,
    draw({ snapshot: { name } }, random) {
      const said = { id: name, streams: {}, drawn: random.fraction() };
      return [{ name, bytes: sealPacked(someKeys(), name, Buffer.from(canonicalJson(said))) }];
    },
  },
  'snapshot gone': {
    meanwhile: true,
    draw: ({ snapshot: { name } }) => [{ name, bytes: undefined }],
  },
  'older manifest in the place of the newer': {
    draw: ({ manifest: { name }, older }) => [{ name, bytes: older.manifest }],
  },
  'manifest that names the older snapshot': {
    draw({ manifest: { name, bytes }, snapshot, older }) {
      const { id, digest } = snapshot.ref;
      const text = bytes.toString().replaceAll(id, older.ref.id).replaceAll(digest, older.ref.digest);
      return [{ name, bytes: Buffer.from(text) }];
    },
  },
  'manifest edited': { draw: ({ manifest }, random) => [withManifest(manifest, edited(random))] },
  'manifest of another key': {
    draw: ({ manifest }, random) => [
      withManifest(manifest, (signed) => {
        const changed = edited(random)(signed).manifest;
        return { manifest: changed, signature: signBytes(someKeys(), Buffer.from(canonicalJson(changed))) };
      }),
    ],
  },
  'manifest gone': { draw: ({ manifest: { name } }) => [{ name, bytes: undefined }] },
};

const hasSeveral = ({ needed }: Pack) => needed.length > 1;

function exchangeChunks({ packs }: Anatomy, random: Random): readonly Harmed[] {
  const { name, bytes, needed } = random.pick(packs.filter(hasSeveral));
  const [one, other] = random
    .shuffle(needed)
    .slice(0, 2)
    .toSorted((a, b) => a.offset - b.offset)
    .map(({ offset, sealedBytes }) => ({ start: offset, end: offset + sealedBytes }));
  const pieces = [
    bytes.subarray(0, one!.start),
    bytes.subarray(other!.start, other!.end),
    bytes.subarray(one!.end, other!.start),
    bytes.subarray(one!.start, one!.end),
    bytes.subarray(other!.end),
  ];
  return [{ name, bytes: Buffer.concat(pieces) }];
}

function someKeys() {
  return deriveKeys([randomBytes(KEY_BYTES)]);
}

/** Of chunks that claim to be those. */
function packOf(keys: ReturnType<typeof someKeys>, claimed: Pack['needed']): Buffer {
  const pack = new PackBuilder();
  for (const { id, rawBytes } of claimed) {
    const room = Buffer.alloc(rawBytes + 1024);
    const { head, bytes } = sealChunk(newestSealing(keys).chunkSeal, id, Buffer.alloc(rawBytes), room);
    pack.add(head, room.subarray(0, bytes));
  }
  return pack.close(keys).bytes;
}

interface Signed {
  readonly manifest: Readonly<Record<string, unknown>>;
  readonly signature: string;
}

function withManifest({ name, bytes }: Anatomy['manifest'], change: (signed: Signed) => Signed): Harmed {
  const signed = JSON.parse(bytes.toString()) as Signed;
  return { name, bytes: Buffer.from(`${JSON.stringify(change(signed), null, 2)}\n`) };
}

/** One thing that it says is another. */
const edited =
  (random: Random) =>
  ({ manifest, signature }: Signed): Signed => {
    const names = Object.keys(manifest).filter((name) =>
      ['string', 'number'].includes(typeof manifest[name]),
    );
    const name = random.pick(names);
    const was = manifest[name];
    return {
      manifest: { ...manifest, [name]: typeof was === 'number' ? was + 1 : `${String(was)}0` },
      signature,
    };
  };
