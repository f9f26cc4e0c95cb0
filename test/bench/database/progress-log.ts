/** How what a step told of its bytes went with the time that it took. */
export interface Told {
  readonly reports: number;
  /** Neither the bytes nor their total ever went back or changed. */
  readonly isMonotonic: boolean;
  /** Of the total, in the last report. */
  readonly reachedPercent: number;
  /** The largest difference between share of bytes and share of time, after the first tenth of the time. */
  readonly deviationPercent: number;
}

interface Report {
  readonly at: number;
  readonly bytes: number;
  readonly bytesTotal: number;
}

const FIRST_SHARE = 0.1;
/** Its own memory counts as the service's. */
const KEPT_MAX = 10_000;

/** Keeps reports in which bytes moved. Time is any clock's milliseconds. */
export class ProgressLog {
  readonly #began: number;
  readonly #reports: Report[] = [];
  #last: Report | undefined;
  #isMonotonic = true;

  constructor(began: number) {
    this.#began = began;
  }

  add(at: number, { bytes, bytesTotal }: { readonly bytes: number; readonly bytesTotal?: number }): void {
    if (bytesTotal === undefined) return;
    const report = { at, bytes, bytesTotal };
    const before = this.#last;
    this.#last = report;
    if (before !== undefined && (bytes < before.bytes || bytesTotal !== before.bytesTotal))
      this.#isMonotonic = false;
    const kept = this.#reports.at(-1)?.bytes;
    const isFurther = kept === undefined || bytes - kept >= bytesTotal / KEPT_MAX;
    if (isFurther || (bytes === bytesTotal && kept < bytes)) this.#reports.push(report);
  }

  tell(ended: number): Told | undefined {
    const last = this.#reports.at(-1);
    if (last === undefined) return undefined;
    const took = ended - this.#began;
    const deviations = this.#reports
      .map(({ at, bytes, bytesTotal }) => ({ time: (at - this.#began) / took, moved: bytes / bytesTotal }))
      .filter(({ time }) => time >= FIRST_SHARE)
      .map(({ time, moved }) => Math.abs(moved - time));
    return {
      reports: this.#reports.length,
      isMonotonic: this.#isMonotonic,
      reachedPercent: percent(last.bytes / last.bytesTotal),
      deviationPercent: percent(deviations.reduce((most, each) => Math.max(most, each), 0)),
    };
  }
}

function percent(share: number): number {
  return Math.round(share * 1000) / 10;
}
