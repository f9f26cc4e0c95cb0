/** Where a line's own time is looked for: after level, process and logger, and before the message grows long. */
const TIME_WITHIN = 120;
const TIME = /(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d(?::\d\d)?)/;

export interface LogLine {
  /** As the log writes it, to the second; empty before the first line with a time. */
  readonly at: string;
  readonly line: string;
}

export interface Wanted {
  /** Beginnings of a time as logs write it: a date, or up to the second. Each counts whole. */
  readonly from: string | undefined;
  readonly to: string | undefined;
  readonly contains: string;
}

/**
 * Lines between two times. A line without one belongs to the line before it: the rest of a traceback is found with its
 * head. Times are compared as they are written, by the clock of whoever wrote the log.
 */
export async function* linesBetween(
  lines: AsyncIterable<string>,
  { from = '', to, contains }: Wanted,
): AsyncIterable<LogLine> {
  let at = '';
  for await (const line of lines) {
    const found = TIME.exec(line.slice(0, TIME_WITHIN));
    if (found !== null) at = `${found[1]}T${found[2]}`;
    const within = at >= from && (to === undefined || (at !== '' && at.slice(0, to.length) <= to));
    if (within && line.includes(contains)) yield { at, line };
  }
}
