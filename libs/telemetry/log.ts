/** Constant event name + fields. Names live in names.ts; secrets never get here (`Secret` prints as `[secret]`). */
export interface Log {
  info(event: string, fields?: Readonly<Record<string, unknown>>): void;
  warn(event: string, fields?: Readonly<Record<string, unknown>>): void;
  error(event: string, fields?: Readonly<Record<string, unknown>>): void;
  child(fields: Readonly<Record<string, unknown>>): Log;
}

export const silentLog: Log = { info() {}, warn() {}, error() {}, child: () => silentLog };
