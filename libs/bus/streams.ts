import { STREAMS } from '#libs/contracts/subjects.ts';
import type { StreamName } from './port.ts';

export interface StreamRules {
  readonly subjects: readonly string[];
  /** `work`: one consumer per subject, a message is gone once it is acknowledged. `limits`: kept until too old or too many. */
  readonly retention: 'work' | 'limits';
  /** What gives way when it is full: `new` refuses publishing (back-pressure), `old` forgets. */
  readonly discard: 'new' | 'old';
  readonly messagesMax: number;
  readonly ageMaxMs: number;
}

const DAY_MS = 86_400_000;

export const STREAM_RULES: Readonly<Record<StreamName, StreamRules>> = {
  // Triggers: a coordinator that was away for a week still sees them; what they ask for is done once by run id.
  EDMS: {
    subjects: STREAMS.EDMS.subjects,
    retention: 'limits',
    discard: 'old',
    messagesMax: 100_000,
    ageMaxMs: 7 * DAY_MS,
  },
  // A run has tens of commands: a thousand waiting means that nobody works, and sending more helps nobody.
  COMMANDS: {
    subjects: STREAMS.COMMANDS.subjects,
    retention: 'work',
    discard: 'new',
    messagesMax: 1_000,
    ageMaxMs: 0,
  },
  // Hints: results in the store are the truth.
  EVENTS: {
    subjects: STREAMS.EVENTS.subjects,
    retention: 'limits',
    discard: 'old',
    messagesMax: 100_000,
    ageMaxMs: 7 * DAY_MS,
  },
  // For people: read with any NATS tool, removed by hand or by age.
  PARKED: {
    subjects: ['holdfast.parked.>'],
    retention: 'limits',
    discard: 'old',
    messagesMax: 10_000,
    ageMaxMs: 90 * DAY_MS,
  },
};

/** The same message id within this time is stored once (NATS's own default). */
export const DUPLICATE_WINDOW_MS = 120_000;

export function parkedSubject(stream: StreamName): string {
  return `holdfast.parked.${stream}`;
}

/** NATS's matching: `*` one token, last `>` one token or more. */
export function subjectMatches(filter: string, subject: string): boolean {
  const wanted = filter.split('.');
  const given = subject.split('.');
  for (const [index, token] of wanted.entries()) {
    if (token === '>') return given.length > index;
    if (given[index] === undefined || (token !== '*' && token !== given[index])) return false;
  }
  return wanted.length === given.length;
}
