import type { TestEvent } from 'node:test/reporters';
import type { TestResult } from './record.ts';

/** A reporter of node:test: each result as one line of JSON. A failed suite counts where it failed by itself. */
export default async function* resultsReporter(
  events: AsyncIterable<TestEvent>,
): AsyncGenerator<string, void> {
  for await (const event of events) {
    const result = resultOf(event);
    if (result !== undefined) yield `${JSON.stringify(result)}\n`;
  }
}

function resultOf(event: TestEvent): TestResult | undefined {
  if (event.type === 'test:fail') {
    const { file = '', name, details } = event.data;
    const fault = (details.error as { failureType?: string }).failureType;
    return fault === 'subtestsFailed' ? undefined : { file, name, result: 'failed' };
  }
  if (event.type !== 'test:pass' || event.data.details.type === 'suite') return undefined;
  const { file = '', name, skip } = event.data;
  return { file, name, result: skip === undefined || skip === false ? 'ok' : 'skipped' };
}
