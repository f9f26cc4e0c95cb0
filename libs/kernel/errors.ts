import { CATALOGUE, isErrorCode, type ErrorCode } from './catalogue.ts';

/** One thing wrong with an input or a target. A refusal carries all of them at once. */
export interface Problem {
  readonly code: ErrorCode;
  /** What it concerns: a spec path, a table, a folder. */
  readonly subject: string;
  /** Lower case, operation + object + values, no period. */
  readonly message: string;
  readonly remedy: string;
}

export type ErrorDetails = Readonly<Record<string, unknown>>;

/** What survives NATS, gRPC and the store: no class, no stack. */
export interface ErrorRecord {
  readonly code: ErrorCode;
  readonly message: string;
  readonly remedy: string;
  readonly details: ErrorDetails;
  readonly problems: readonly Problem[];
}

/**
 * The one error class. `details` are plain values without secrets; `problems` lists all that is wrong when
 * input or target is refused. The cause's text is never repeated in the message: the logger prints the chain.
 */
export class HoldfastError extends Error {
  readonly code: ErrorCode;
  readonly details: ErrorDetails;
  readonly problems: readonly Problem[];

  constructor(
    code: ErrorCode,
    details: ErrorDetails = {},
    options: { cause?: unknown; problems?: readonly Problem[]; message?: string } = {},
  ) {
    super(
      options.message ?? composeMessage(code, details),
      options.cause === undefined ? {} : { cause: options.cause },
    );
    this.name = 'HoldfastError';
    this.code = code;
    this.details = details;
    this.problems = options.problems ?? [];
  }

  get remedy(): string {
    const own = this.details['remedy'];
    return typeof own === 'string' ? own : CATALOGUE[this.code].remedy;
  }

  get entry() {
    return CATALOGUE[this.code];
  }

  toRecord(): ErrorRecord {
    return {
      code: this.code,
      message: this.message,
      remedy: this.remedy,
      details: this.details,
      problems: this.problems,
    };
  }

  static fromRecord(record: ErrorRecord): HoldfastError {
    const code = isErrorCode(record.code) ? record.code : 'INTERNAL';
    return new HoldfastError(
      code,
      { ...record.details, remedy: record.remedy },
      { problems: record.problems, message: record.message },
    );
  }

  /** Normalises whatever was thrown; an abort becomes CANCELLED, a timeout DEADLINE_EXCEEDED, a full disk SPACE_MISSING. */
  static from(thrown: unknown): HoldfastError {
    if (thrown instanceof HoldfastError) return thrown;
    if (thrown instanceof Error && thrown.name === 'AbortError')
      return new HoldfastError('CANCELLED', {}, { cause: thrown });
    if (thrown instanceof Error && thrown.name === 'TimeoutError')
      return new HoldfastError('DEADLINE_EXCEEDED', {}, { cause: thrown });
    const { code } = (thrown ?? {}) as { code?: unknown };
    return new HoldfastError(
      code === 'ENOSPC' || code === 'EDQUOT' ? 'SPACE_MISSING' : 'INTERNAL',
      { reason: thrown instanceof Error ? thrown.message : String(thrown) },
      { cause: thrown },
    );
  }
}

export function problem(
  code: ErrorCode,
  subject: string,
  message: string,
  remedy: string = CATALOGUE[code].remedy,
): Problem {
  return { code, subject, message, remedy };
}

/** Throws the one refusal that lists every problem; returns when there is none. */
export function refuseAll(code: ErrorCode, problems: readonly Problem[], details: ErrorDetails = {}): void {
  if (problems.length > 0) throw new HoldfastError(code, details, { problems });
}

function composeMessage(code: ErrorCode, details: ErrorDetails): string {
  const values = Object.entries(details)
    .filter(([key]) => key !== 'remedy')
    .map(([key, value]) => `${key}=${typeof value === 'string' ? value : JSON.stringify(value)}`);
  return values.length === 0 ? CATALOGUE[code].what : `${CATALOGUE[code].what}: ${values.join(' ')}`;
}
