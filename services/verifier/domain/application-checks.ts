import type { Check } from '#libs/contracts/requests.ts';
import type { Spec } from '#libs/contracts/spec.ts';
import type { EnclosedAnswer } from '../ports.ts';

const LEVEL = 5;

export interface Judged {
  readonly checks: readonly Check[];
  readonly notChecked: readonly string[];
}

/** L5 from what the enclosed application answered: what was not asked is listed, and is never a pass. Pure. */
export function judgeApplication(spec: Spec, answer: EnclosedAnswer): Judged {
  if (!answer.enclosed)
    return {
      checks: [],
      notChecked: [`the application itself (L5): no way to enforce isolation here: ${answer.reason}`],
    };
  const probe = probeCheck(answer.probes);
  if (answer.found === undefined) return { checks: [probe], notChecked: ['the application itself (L5)'] };
  const { programs, commands, pages, profile } = answer.found;
  const named = spec.checks.filter((check) => 'command' in check);
  const asked = spec.checks.filter((check) => 'http' in check);
  const served = spec.application?.serve !== undefined;
  return {
    checks: [
      probe,
      ...programChecks(programs),
      ...profileChecks(profile),
      ...named.map(({ name }, at) => commandCheck(name, commands[at]!)),
      ...(served ? asked.map(({ name, http }, at) => pageCheck(name, http, pages[at]!)) : []),
    ],
    notChecked: [
      ...(profile?.started === true ? profile.notChecked : []),
      ...(profile === undefined
        ? ['login, permissions, migrations: the profile has no checks of its own']
        : []),
      ...(named.length === 0 ? ['a workflow transition: no check with a command is declared'] : []),
      ...(served ? [] : asked.map(({ name }) => `${name}: application.serve is not declared`)),
    ],
  };
}

function probeCheck(probes: (EnclosedAnswer & { enclosed: true })['probes']): Check {
  const said = probes.map(
    ({ target, reached, said: how, answersOutside }) =>
      `${target} ${answersOutside ? 'answers' : 'does not answer'} outside, ${reached ? 'REACHED' : how.toLowerCase()} inside`,
  );
  // One address is ours and surely answers outside: without it nothing would be shown.
  const shown = probes.some(({ answersOutside }) => answersOutside);
  return {
    name: 'no route to production',
    level: LEVEL,
    ok: shown && probes.every(({ reached }) => !reached),
    detail: said.join('; '),
  };
}

function programChecks(programs: Readonly<Record<string, string | null>>): readonly Check[] {
  const names = Object.keys(programs);
  if (names.length === 0) return [];
  const missing = names.filter((name) => programs[name] === null);
  const found = missing.length === 0 ? 'all found' : `missing: ${missing.join(', ')}`;
  const detail = `${names.length} programs wanted, ${found}`;
  return [{ name: 'runtime programs', level: LEVEL, ok: missing.length === 0, detail }];
}

type Found = NonNullable<(EnclosedAnswer & { enclosed: true })['found']>;

function profileChecks(profile: Found['profile']): readonly Check[] {
  if (profile === undefined) return [];
  const name = 'application starts';
  if (!profile.started) return [{ name, level: LEVEL, ok: false, detail: profile.said }];
  return [
    { name, level: LEVEL, ok: true, detail: 'its settings load and its models are there' },
    ...profile.checks.map((check) => ({ ...check, level: LEVEL })),
  ];
}

function commandCheck(name: string, { exit, said }: Found['commands'][number]): Check {
  return { name, level: LEVEL, ok: exit === 0, detail: `exit ${exit}: ${said}` };
}

function pageCheck(
  name: string,
  http: { readonly url: string; readonly status: number },
  { status, said }: Found['pages'][number],
): Check {
  const answered = `${http.url} answered ${status === 0 ? `nothing: ${said}` : status}, wanted ${http.status}`;
  return { name, level: LEVEL, ok: status === http.status, detail: answered };
}
