import type { Check } from '#libs/contracts/requests.ts';
import { HoldfastError, problem, type Problem } from '#libs/kernel/errors.ts';
import type { ErrorCode } from '#libs/kernel/catalogue.ts';

/** A restore that differs everywhere is named by its first differences; the count is whole. */
const LISTED_MAX = 50;

/** Collects what one check compared and what it found; ends as a Check. */
export class Findings {
  readonly #name: string;
  readonly #level: number;
  readonly #problems: Problem[] = [];
  #compared = 0;
  #differences = 0;

  constructor(name: string, level: number) {
    this.#name = name;
    this.#level = level;
  }

  compared(): void {
    this.#compared += 1;
  }

  differs(subject: string, message: string): void {
    this.#differences += 1;
    if (this.#problems.length < LISTED_MAX) this.#problems.push(problem('PROOF_FAILED', subject, message));
  }

  get problems(): readonly Problem[] {
    return this.#problems;
  }

  /** Comparing nothing proves nothing. */
  toCheck(unit: string): Check {
    const ok = this.#differences === 0 && this.#compared > 0;
    const found = this.#differences === 0 ? 'all equal' : `${this.#differences} differ`;
    return {
      name: this.#name,
      level: this.#level,
      ok,
      detail: `${this.#compared} ${unit} compared, ${found}`,
    };
  }
}

/** Throws with every problem when a check failed. */
export function requireAll(code: ErrorCode, checks: readonly Check[], problems: readonly Problem[]): void {
  const failed = checks.filter((check) => !check.ok);
  if (failed.length === 0) return;
  const named = failed.map((check) => problem(code, check.name, check.detail));
  throw new HoldfastError(
    code,
    { failed: failed.map((check) => check.name) },
    { problems: [...named, ...problems] },
  );
}
