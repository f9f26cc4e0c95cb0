/** COPY data cut into its rows, whatever its format. */
export interface Rows {
  readonly head: Buffer;
  readonly rows: readonly Buffer[];
  readonly tail: Buffer;
}

const SIGNATURE = Buffer.from('PGCOPY\n\xff\r\n\0', 'latin1');
const LINE_FEED = 0x0a;

export function splitRows(data: Buffer): Rows {
  return data.subarray(0, SIGNATURE.length).equals(SIGNATURE) ? splitBinary(data) : splitLines(data);
}

export function joinRows({ head, rows, tail }: Rows): Buffer {
  return Buffer.concat([head, ...rows, tail]);
}

function splitLines(data: Buffer): Rows {
  const rows = [];
  let start = 0;
  for (let end = data.indexOf(LINE_FEED); end >= 0; end = data.indexOf(LINE_FEED, start)) {
    rows.push(data.subarray(start, end + 1));
    start = end + 1;
  }
  return { head: Buffer.alloc(0), rows, tail: data.subarray(start) };
}

/** Signature, flags, length of an extension; rows of a field count and fields with their lengths; a count of -1. */
function splitBinary(data: Buffer): Rows {
  const first = SIGNATURE.length + 8 + data.readInt32BE(SIGNATURE.length + 4);
  const rows = [];
  let at = first;
  while (data.readInt16BE(at) >= 0) {
    const start = at;
    const fields = data.readInt16BE(at);
    at += 2;
    for (let n = 0; n < fields; n += 1) at += 4 + Math.max(0, data.readInt32BE(at));
    rows.push(data.subarray(start, at));
  }
  return { head: data.subarray(0, first), rows, tail: data.subarray(at) };
}
