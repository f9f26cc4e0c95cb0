import type { Writable } from 'node:stream';
import cliProgress from 'cli-progress';

/** Bars of what runs side by side, one line each, on a terminal. */
export interface ProgressBars {
  update(
    activity: string,
    done: { readonly bytes: number; readonly bytesTotal: number; readonly text: string },
  ): void;
  /** A line above the bars. */
  log(line: string): void;
  stop(): void;
}

export function openBars(stream: Writable): ProgressBars {
  const multi = new cliProgress.MultiBar(
    {
      stream: stream as NodeJS.WritableStream,
      format: '{activity} {bar} {percentage}%  {text}',
      hideCursor: true,
      clearOnComplete: true,
      // Bars vanish at the end: what remains is the answer.
      forceRedraw: true,
    },
    cliProgress.Presets.shades_classic,
  );
  const bars = new Map<string, cliProgress.SingleBar>();
  return {
    update(activity, { bytes, bytesTotal, text }) {
      const total = Math.max(bytesTotal, bytes, 1);
      const payload = { activity: activity.padEnd(16), text };
      const bar = bars.get(activity) ?? multi.create(total, 0, payload);
      bars.set(activity, bar);
      bar.setTotal(total);
      bar.update(bytes, payload);
    },
    log(line) {
      multi.log(`${line}\n`);
      multi.update();
    },
    stop() {
      multi.stop();
    },
  };
}
