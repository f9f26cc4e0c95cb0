import { EXIT } from '#libs/kernel/catalogue.ts';
import { HoldfastError } from '#libs/kernel/errors.ts';
import type { Answer, Context } from './command.ts';
import { requireYes } from './confirm.ts';
import type { RestorePlan } from './front-door.ts';
import { problemsText } from './problems.ts';
import { parseObject } from './run-text.ts';
import { tablesOfPlan, tablesText } from './tables-text.ts';
import { countText } from './text.ts';

export function planData(plan: RestorePlan): Record<string, unknown> {
  const { factsJson, ...rest } = plan;
  return { ...rest, facts: parseObject(factsJson) };
}

export function planText(plan: RestorePlan): string {
  const steps = plan.steps.map((step, at) => `${String(at + 1).padStart(4)}  ${step}`);
  const warnings =
    plan.warnings.length === 0
      ? []
      : [`${countText(plan.warnings.length, 'warning')}:`, problemsText(plan.warnings)];
  const problems =
    plan.problems.length === 0
      ? ['no problems found']
      : [`refused for ${countText(plan.problems.length, 'problem')}:`, problemsText(plan.problems)];
  const tables = tablesOfPlan(plan);
  return [
    `restore of ${plan.deployment} from backup ${plan.backupId}`,
    ...steps,
    ...migrationLines(parseObject(plan.factsJson)),
    ...variableLines(parseObject(plan.factsJson)),
    ...settingLines(parseObject(plan.factsJson)),
    ...(tables === undefined ? [] : tablesText(tables)),
    ...warnings,
    ...problems,
  ].join('\n');
}

/** The code against the backup, before anything else that is told. */
function migrationLines(facts: Readonly<Record<string, unknown>>): readonly string[] {
  const { database } = facts as { database?: { migrations?: { verdict: string } } };
  const verdict = database?.migrations?.verdict;
  return verdict === undefined ? [] : [`migrations: the code is ${verdict} to the backup`];
}

/** Names of variables by what becomes of them; those that stay the same are counted. */
function variableLines(facts: Readonly<Record<string, unknown>>): readonly string[] {
  const { config } = facts as { config?: { variables?: readonly { name: string; change: string }[] } };
  const variables = config?.variables ?? [];
  const namesOf = (change: string) =>
    variables.filter((each) => each.change === change).map(({ name }) => name);
  const lines = [
    ['set by the spec', namesOf('set')],
    ['new', namesOf('added')],
    ['changed', namesOf('changed')],
    ['missing after it', namesOf('missing')],
  ] as const;
  const told = lines.filter(([, names]) => names.length > 0);
  if (told.length === 0) return [];
  return [
    `variables: ${namesOf('same').length} stay as they are`,
    ...told.map(([what, names]) => `  ${what}: ${names.join(', ')}`),
  ];
}

interface Setting {
  readonly file: string;
  readonly key: string;
  readonly change: string;
  readonly to: string;
}

/** Keys of settings files with what they will say; secrets came without their value. */
function settingLines(facts: Readonly<Record<string, unknown>>): readonly string[] {
  const { files, config } = facts as Record<
    'files' | 'config',
    { settings?: readonly Setting[] } | undefined
  >;
  const settings = [...(files?.settings ?? []), ...(config?.settings ?? [])];
  return [...Map.groupBy(settings, ({ file }) => file)].flatMap(([file, keys]) => {
    const set = keys.filter(({ change }) => change === 'set');
    return [
      `settings in ${file}: ${keys.length - set.length} of ${keys.length} stay as they are`,
      ...set.map(({ key, to }) => `  ${key}: ${to}`),
    ];
  });
}

/** The dry run as an answer: good, or refused with every problem. */
export function planAnswer(plan: RestorePlan): Answer {
  const exit = plan.problems.length === 0 ? EXIT.good : EXIT.refused;
  return { data: { plan: planData(plan) }, text: `${planText(plan)}\nplan ${plan.planDigest}`, exit };
}

/** Shows the plan and asks. Throws REFUSED with every problem, USAGE where nobody can answer, CANCELLED on a no. */
export async function approve(plan: RestorePlan, context: Context, yes: boolean): Promise<void> {
  const { problems } = plan as { problems: HoldfastError['problems'] };
  if (problems.length > 0)
    throw new HoldfastError('REFUSED', { deployment: plan.deployment, backup: plan.backupId }, { problems });
  context.report.note(planText(plan));
  context.report.event({ plan: planData(plan) });
  await requireYes(`Restore ${plan.deployment} in place? (holdfast restore --plan only looks)`, context, yes);
}
