/** What a column's values are: type, bytes in a row, and the expression for row `g` of the drawing with that number. */
interface Kind {
  readonly type: string;
  readonly bytes: number;
  readonly value: (draw: number) => string;
}

/** A slice of the book has 16 to 79 of its bytes, wherever it begins: it hardly ever comes twice. */
const SLICE_BYTES = 47.5;
/** A power of two, so that a draw's low bits say where a slice begins. */
export const BOOK_BYTES = 16 * 1024 * 1024;
const DRAWS_PER_COLUMN = 256;

const draw = (number: number) => `hashint8extended(g, ${number})`;
const slice = (number: number) =>
  `substr(book, 1 + (${draw(number)} & ${BOOK_BYTES - 1})::int, 16 + ((${draw(number)} >> 40) & 63)::int)`;
const text = (slices: number, first: number) =>
  `convert_from(${Array.from({ length: slices }, (_, n) => slice(first + n)).join(' || ')}, 'UTF8')`;
const code = (number: number) =>
  `('{CREATE,UPDATE,DELETE,VIEW,DOWNLOAD,LOGIN,LOGOUT,APPROVE,REVIEW,REJECT,SIGN,PENDING,DONE,FAILED,LOW,HIGH}'::text[])[1 + (${draw(number)} & 15)]`;
/** Whole milliseconds: a JSON fixture of Django has no more. */
const moment = (number: number) =>
  `timestamptz '2025-01-01Z' + g * interval '29 s' + (${draw(number)} & 16383) * interval '1 ms'`;
const digest = (number: number) => `encode(sha256(int8send(${draw(number)})), 'hex')`;

const KINDS: Readonly<Record<string, Kind>> = {
  u: { type: 'uuid', bytes: 16, value: (n) => `left(${digest(n)}, 32)::uuid` },
  h: { type: 'varchar(64)', bytes: 65, value: digest },
  c: { type: 'varchar(30)', bytes: 7, value: code },
  key: { type: 'varchar(100)', bytes: 17, value: (n) => `${n} || '/' || lpad(g::text, 9, '0')` },
  z: { type: 'timestamptz', bytes: 8, value: moment },
  d: { type: 'date', bytes: 4, value: (n) => `date '2025-01-01' + (${draw(n)} & 1023)::int` },
  iv: { type: 'interval', bytes: 16, value: (n) => `(${draw(n)} & 65535) * interval '1 ms'` },
  b: { type: 'boolean', bytes: 1, value: (n) => `${draw(n)} & 1 = 0` },
  i: { type: 'integer', bytes: 4, value: (n) => `(${draw(n)} & 65535)::int` },
  i8: { type: 'bigint', bytes: 8, value: (n) => `${draw(n)} & 16777215` },
  f: { type: 'double precision', bytes: 8, value: (n) => `(${draw(n)} & 16777215) / 1000.0::float8` },
  ip: { type: 'inet', bytes: 7, value: (n) => `inet '10.0.0.0' + (${draw(n)} & 65535)` },
};

/** w3: three slices of text; j3: as much of it inside a jsonb object. */
export function kindOf(kind: string): Kind {
  const known = KINDS[kind];
  if (known !== undefined) return known;
  const [, form, count] = /^([wj])(\d+)$/.exec(kind) ?? [];
  const slices = Number(count);
  if (form === 'w') return { type: 'text', bytes: 2 + slices * SLICE_BYTES, value: (n) => text(slices, n) };
  if (form === 'j')
    return {
      type: 'jsonb',
      bytes: 70 + slices * SLICE_BYTES,
      value: (n) =>
        `jsonb_build_object('field', ${code(n)}, 'size', ${draw(n)} & 65535, 'value', ${text(slices, n)})`,
    };
  throw new Error(`no kind of column is called ${kind}`);
}

/** Which drawings belong to a column; no two columns of one seed share any. */
export function drawOf(seed: number, column: number): number {
  return (seed * 10_000 + column) * DRAWS_PER_COLUMN;
}

/** A parent among so many, by its id. */
export function parentOf(rows: number, number: number): string {
  return `1 + abs(${draw(number)} % ${rows})`;
}

export function orNull(value: string, number: number): string {
  return `CASE WHEN ${draw(number + DRAWS_PER_COLUMN - 1)} & 3 = 0 THEN NULL ELSE ${value} END`;
}
