import { EXIT } from '#libs/kernel/catalogue.ts';
import type { LeafCommand } from '../command.ts';
import { examine } from '../doctor/examine.ts';
import type { Finding } from '../doctor/finding.ts';
import { countText } from '../text.ts';

export const doctor: LeafCommand = {
  name: 'doctor',
  summary: 'look at stack, store, keys, deployments and tools; say what is wrong and what helps',
  examples: ['holdfast doctor', 'holdfast doctor --json'],
  async act(_, context) {
    const findings = await examine(context);
    const problems = findings.filter(({ level }) => level === 'problem').length;
    const warnings = findings.filter(({ level }) => level === 'warning').length;
    const end =
      problems === 0 && warnings === 0
        ? 'all is well'
        : `${countText(problems, 'problem')}, ${countText(warnings, 'warning')}`;
    return {
      data: { ok: problems === 0, findings },
      text: [...findings.map(findingText), end].join('\n'),
      exit: problems === 0 ? EXIT.good : EXIT.refused,
    };
  },
};

const MARKS = { ok: 'ok      ', warning: 'WARNING ', problem: 'PROBLEM ' } as const;

function findingText({ level, subject, message, remedy }: Finding): string {
  const line = `${MARKS[level]} ${subject}: ${message}`;
  return remedy === undefined ? line : `${line}\n          remedy: ${remedy}`;
}
