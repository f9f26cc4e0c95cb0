import { HoldfastError, problem, type Problem } from '#libs/kernel/errors.ts';
import type { Json } from '#libs/kernel/json.ts';
import { joinFacts } from '#libs/contracts/manifest.ts';
import type { JudgedAt } from '#libs/contracts/reached-level.ts';
import type { ServiceName } from '#libs/contracts/services.ts';
import { LOCAL, nameAt, type ComponentName, type Part } from '#libs/contracts/sites.ts';
import type { Caller } from '#libs/rpc/caller.ts';
import type { Inquiry, PreflightAnswer, PreflightQuestion } from '../ports.ts';

const ASKED = {
  database: 'db-snapshot',
  files: 'file-snapshot',
  config: 'config-vault',
} as const satisfies Record<ComponentName, ServiceName>;
const VERIFY_SERVICE = 'holdfast.verify.v1.VerifyService';
const DEADLINE_MS = 60_000;
/** Counts rows and files of the whole deployment. */
const COVERAGE_DEADLINE_MS = 5 * 60_000;

/** Asks the workers of all parts at once; one that cannot answer is a problem like any other, so the list is always whole. */
export function inquiryOf(caller: Caller): Inquiry {
  return {
    async preflight(question, signal) {
      const answers = await Promise.all(question.parts.map((part) => ask(caller, part, question, signal)));
      return answers.reduce((all, answer) => ({
        problems: [...all.problems, ...answer.problems],
        warnings: [...all.warnings, ...answer.warnings],
        facts: joinFacts(all.facts, answer.facts),
      }));
    },
    async verdicts(deployment, backupId, signal) {
      const asked = { deployment, backupId };
      const answer = await caller.call('verifier', VERIFY_SERVICE, 'listVerdicts', asked, {
        signal,
        deadlineMs: DEADLINE_MS,
      });
      return (answer as { verdicts: readonly JudgedAt[] }).verdicts;
    },
  };
}

async function ask(
  caller: Caller,
  { component, site }: Part,
  question: PreflightQuestion,
  signal: AbortSignal,
): Promise<PreflightAnswer> {
  const snapshot = question.snapshots.find(
    (candidate) => candidate.component === component && (candidate.site ?? LOCAL) === site,
  );
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
      ASKED[component],
      'holdfast.component.v1.ComponentService',
      'preflight',
      request,
      { site, signal, deadlineMs: purpose === 'PURPOSE_COVERAGE' ? COVERAGE_DEADLINE_MS : DEADLINE_MS },
    );
    const { problems, warnings, factsJson } = answer as {
      problems: Problem[];
      warnings: Problem[];
      factsJson: string;
    };
    return { problems, warnings, facts: { [component]: JSON.parse(factsJson || '{}') as Json } };
  } catch (thrown) {
    // Whoever asked us has left: that is no problem of the one we asked.
    signal.throwIfAborted();
    const error = HoldfastError.from(thrown);
    const problems =
      error.problems.length > 0
        ? error.problems
        : [problem(error.code, nameAt(component, site), error.message, error.remedy)];
    return { problems, warnings: [], facts: {} };
  }
}
