import { z } from 'zod';
import type { Bus } from '#libs/bus/port.ts';
import { subjects } from '#libs/contracts/subjects.ts';
import type { Progress } from '../ports.ts';

const progressData = z.object({
  step: z.string(),
  activity: z.string(),
  bytes: z.coerce.number(),
  bytesTotal: z.coerce.number().default(0),
  rows: z.coerce.number().default(0),
});

/** Progress notes of one run; a malformed note is dropped, for progress is never the truth. */
export function progressListener(bus: Bus) {
  return (runId: string, onProgress: (progress: Progress) => void): Promise<AsyncDisposable> =>
    bus.listen(subjects.progress(runId), (event) => {
      const parsed = progressData.safeParse(event.data);
      if (parsed.success) onProgress({ ...parsed.data, at: event.time });
    });
}
