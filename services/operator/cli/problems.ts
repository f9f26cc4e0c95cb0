import type { ErrorRecord } from '#libs/kernel/errors.ts';

/** A problem as it comes from anywhere: of this process, or over the wire. */
export interface ShownProblem {
  readonly code: string;
  readonly subject: string;
  readonly message: string;
  readonly remedy: string;
}

/** All of them, each with code, subject, message and remedy. */
export function problemsText(problems: readonly ShownProblem[]): string {
  return problems
    .map(({ code, subject, message, remedy }) => `- ${code}  ${subject}: ${message}\n    remedy: ${remedy}`)
    .join('\n');
}

export function errorText(error: Pick<ErrorRecord, 'code' | 'message' | 'remedy' | 'problems'>): string {
  const head = `${error.code}: ${error.message}`;
  const list = error.problems.length === 0 ? [] : [problemsText(error.problems)];
  return [head, ...list, `remedy: ${error.remedy}`].join('\n');
}

/** The shape of every error in `--json`. */
export function errorData(error: Pick<ErrorRecord, 'code' | 'message' | 'remedy' | 'problems'>) {
  const { code, message, remedy, problems } = error;
  return { error: { code, message, remedy, problems } };
}
