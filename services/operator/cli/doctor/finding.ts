/** One thing that was looked at. `ok` and `warning` leave the exit code good. */
export interface Finding {
  readonly level: 'ok' | 'warning' | 'problem';
  readonly subject: string;
  readonly message: string;
  /** What helps; undefined when all is well. */
  readonly remedy?: string;
}

export const ok = (subject: string, message: string): Finding => ({ level: 'ok', subject, message });
export const warning = (subject: string, message: string, remedy: string): Finding => ({
  level: 'warning',
  subject,
  message,
  remedy,
});
export const bad = (subject: string, message: string, remedy: string): Finding => ({
  level: 'problem',
  subject,
  message,
  remedy,
});
