import { problem, refuseAll } from '#libs/kernel/errors.ts';

const SETTING = /^([A-Za-z_][A-Za-z0-9_]*)=(.*)$/s;

/** NAME=value words. Throws USAGE with every word that is none; a word is not shown, for it may hold a secret. Pure. */
export function parseSettings(words: readonly string[]): ReadonlyMap<string, string> {
  const parsed = words.map((word) => SETTING.exec(word));
  refuseAll(
    'USAGE',
    parsed.flatMap((match, at) =>
      match === null ? [problem('USAGE', `--set-env, number ${at + 1}`, 'is not NAME=value')] : [],
    ),
  );
  return new Map(parsed.map((match) => [match![1]!, match![2]!]));
}
