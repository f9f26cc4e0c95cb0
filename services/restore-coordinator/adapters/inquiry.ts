import { HoldfastError, problem, type Problem } from '#libs/kernel/errors.ts';
import type { Json } from '#libs/kernel/json.ts';
import type { ServiceName } from '#libs/contracts/services.ts';
import type { Caller } from '#libs/rpc/caller.ts';
import type { Inquiry, PreflightAnswer, PreflightQuestion } from '../ports.ts';

const ASKED = {
  database: 'db-snapshot',
  files: 'file-snapshot',
  config: 'config-vault',
} as const satisfies Record<string, ServiceName>;
const DEADLINE_MS = 60_000;
/** Counts rows and files of the whole deployment. */
const COVERAGE_DEADLINE_MS = 5 * 60_000;

/** Asks every component at once; one that cannot answer is a problem like any other, so the list is always whole. */
export function inquiryOf(caller: Caller): Inquiry {
  return {
    async preflight(question, signal) {
      const answers = await Promise.all(
        Object.entries(ASKED)
          .filter(([component]) => isConcerned(component, question))
          .map(([component, service]) => ask(caller, service, component, question, signal)),
      );
      return answers.reduce((all, answer) => ({
        problems: [...all.problems, ...answer.problems],
        warnings: [...all.warnings, ...answer.warnings],
        facts: { ...all.facts, ...answer.facts },
      }));
    },
  };
}

/** A restore of some components asks nothing of the others. */
function isConcerned(component: string, { purpose, snapshots }: PreflightQuestion): boolean {
  return purpose !== 'PURPOSE_RESTORE' || snapshots.some((snapshot) => snapshot.component === component);
}

async function ask(
  caller: Caller,
  service: ServiceName,
  component: string,
  question: PreflightQuestion,
  signal: AbortSignal,
): Promise<PreflightAnswer> {
  const snapshot = question.snapshots.find((candidate) => candidate.component === component);
  const { deployment, specVersion, purpose, relocationJson } = question;
  const request = {
    deployment,
    specVersion,
    purpose,
    snapshotId: snapshot?.id ?? '',
    snapshotDigest: snapshot?.digest ?? '',
    snapshotDeployment: snapshot?.deployment ?? '',
    relocationJson,
  };
  try {
    const answer = await caller.call(
      service,
      'holdfast.component.v1.ComponentService',
      'preflight',
      request,
      { signal, deadlineMs: purpose === 'PURPOSE_COVERAGE' ? COVERAGE_DEADLINE_MS : DEADLINE_MS },
    );
    const { problems, warnings, factsJson } = answer as {
      problems: Problem[];
      warnings: Problem[];
      factsJson: string;
    };
    return { problems, warnings, facts: { [component]: JSON.parse(factsJson || '{}') as Json } };
  } catch (thrown) {
    const error = HoldfastError.from(thrown);
    const problems =
      error.problems.length > 0
        ? error.problems
        : [problem(error.code, component, error.message, error.remedy)];
    return { problems, warnings: [], facts: {} };
  }
}
