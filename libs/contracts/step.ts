import { z } from 'zod';
import { isErrorCode, type ErrorCode } from '#libs/kernel/catalogue.ts';
import { HoldfastError, problem, type ErrorRecord } from '#libs/kernel/errors.ts';
import { RUN_PATTERN, TOKEN_PATTERN } from '#libs/kernel/ids.ts';
import type { Json } from '#libs/kernel/json.ts';
import { SERVICE_NAMES } from './services.ts';

/** A command of a run's saga to one service on one site (protos: holdfast.step.v1.StepCommand). */
export type StepCommand = z.infer<typeof commandSchema>;

export const commandSchema = z.strictObject({
  runId: z.string().regex(RUN_PATTERN),
  deployment: z.string().regex(TOKEN_PATTERN),
  specVersion: z.int().min(1),
  relocationJson: z.string().default(''),
  service: z.enum(SERVICE_NAMES),
  site: z.string().regex(TOKEN_PATTERN),
  step: z.string().regex(/^[a-z][a-z0-9.-]*$/),
  attempt: z.int().min(1),
  epoch: z.int().min(0),
  verb: z.enum([
    'TakeSnapshot',
    'StageRestore',
    'CloseDatabase',
    'OpenDatabase',
    'PivotRestore',
    'UndoPivot',
    'DiscardStage',
    'ReleaseKept',
    'EnableSchedules',
    'RunHook',
    'VerifyBackup',
    'VerifyPacks',
    'VerifyStaged',
    'CheckLive',
    'VerifyStored',
    'OpenSandbox',
    'VerifyApplication',
    'CloseSandbox',
    'Replicate',
    'ScrubRepository',
    'HealRepository',
    'CleanRepository',
    'LockBackups',
  ]),
  requestJson: z.string(),
  principal: z.string(),
});

export type Verb = StepCommand['verb'];

/** Part of a step's work with its own time; becomes a span of the run's trace. */
export interface Phase {
  readonly name: string;
  readonly startedAt: string;
  readonly endedAt: string;
}

/** `runs/<run>/results/<step>.<attempt>.json`: create-only, the first one wins. */
export type StepResult = {
  readonly runId: string;
  readonly step: string;
  readonly attempt: number;
  readonly epoch: number;
  readonly service: string;
  readonly startedAt: string;
  readonly endedAt: string;
  readonly phases: readonly Phase[];
} & ({ readonly ok: true; readonly outcome: Json } | { readonly ok: false; readonly error: ErrorRecord });

export function resultName(command: {
  readonly runId: string;
  readonly step: string;
  readonly attempt: number;
}): string {
  return `runs/${command.runId}/results/${command.step}.${command.attempt}.json`;
}

const problemSchema = z.object({
  code: z.custom<ErrorCode>(isErrorCode),
  subject: z.string(),
  message: z.string(),
  remedy: z.string(),
});
const errorSchema = z.object({
  code: z.custom<ErrorCode>(isErrorCode),
  message: z.string(),
  remedy: z.string(),
  details: z.record(z.string(), z.unknown()),
  problems: z.array(problemSchema),
});
const resultBase = {
  runId: z.string(),
  step: z.string(),
  attempt: z.int(),
  epoch: z.int(),
  service: z.string(),
  startedAt: z.string(),
  endedAt: z.string(),
  phases: z.array(z.object({ name: z.string(), startedAt: z.string(), endedAt: z.string() })),
};
const resultSchema = z.discriminatedUnion('ok', [
  z.object({ ...resultBase, ok: z.literal(true), outcome: z.custom<Json>(() => true) }),
  z.object({ ...resultBase, ok: z.literal(false), error: errorSchema }),
]);

export function parseResult(bytes: Uint8Array): StepResult {
  return parseWith(
    resultSchema,
    JSON.parse(Buffer.from(bytes).toString('utf8')),
    'step result',
  ) as StepResult;
}

/** Throws MESSAGE_MALFORMED with every problem; for whatever comes from the bus, the store or a caller. */
export function parseWith<T>(schema: z.ZodType<T>, value: unknown, what: string): T {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const problems = parsed.error.issues.map((issue) =>
    problem('MESSAGE_MALFORMED', `${what} ${issue.path.map(String).join('.')}`, issue.message),
  );
  throw new HoldfastError('MESSAGE_MALFORMED', { what }, { problems });
}
