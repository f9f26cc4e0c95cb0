import type { DemoResult } from './run-demo.ts';

/** The result as a person reads it. Pure. */
export function demoText(result: DemoResult): string {
  const { scheme, store, backup, restore, oracle, checks, coverage, trace, findings } = result;
  const compared = Object.values(oracle.compared).reduce((sum, count) => sum + count, 0);
  const lines = [
    '',
    `scheme ${scheme}, store ${store}, ${result.sabotage === undefined ? `scenario ${result.scenario}` : `sabotage ${result.sabotage.what}: ${result.sabotage.seen}, expected ${result.sabotage.expected}`}`,
    ...(backup.id === undefined ? [] : [backupLine(backup)]),
    `restore: ${seconds(restore.durationMs)}, ${restore.manualSteps} steps by hand`,
    ...restore.phases.map(({ name, ms }) => `  ${name.padEnd(18)} ${seconds(ms).padStart(8)}`),
    ...(coverage.length === 0 ? [] : ['', ...coverageLines(coverage)]),
    '',
    ...(checks.length === 0 ? ['checks: none'] : checkLines(checks)),
    ...(trace.spans === 0
      ? []
      : [`trace ${trace.traceId}: ${trace.spans} spans, ${trace.orphans} without their parent`]),
    `oracle: ${compared} things compared, ${oracle.differences.length} differences`,
    ...oracle.differences.slice(0, 20).map(({ area, what }) => `  ${area}: ${what}`),
    ...Object.entries(result.promises ?? {}).map(([what, held]) => `${held ? 'ok     ' : 'BROKEN '} ${what}`),
    ...(findings === undefined
      ? []
      : [`findings of the analysis that do not hold: ${findings.red.join(' ')}`]),
    '',
    result.ok ? 'NOTHING IS MISSING' : 'NOT EVERYTHING CAME BACK',
  ];
  return lines.join('\n');
}

function backupLine({
  id,
  rows = 0,
  tables = 0,
  sequences = 0,
  files = 0,
  bytes = 0,
  durationMs = 0,
}: DemoResult['backup']): string {
  return `backup ${id}: ${rows} rows of ${tables} tables, ${sequences} sequences, ${files} files, ${bytes} bytes in ${seconds(durationMs)}`;
}

function coverageLines(coverage: DemoResult['coverage']): readonly string[] {
  return coverage.map(
    ({ category, records, covered }) =>
      `  ${category.padEnd(32)} ${String(records).padStart(8)}  ${covered ? 'covered' : 'NOT COVERED'}`,
  );
}

function checkLines(checks: DemoResult['checks']): readonly string[] {
  return checks.map(
    ({ name, level, ok, detail }) => `  ${ok ? 'ok    ' : 'FAILED'} L${level} ${name}: ${detail}`,
  );
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`;
}
