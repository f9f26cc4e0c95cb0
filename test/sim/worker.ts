/* oxlint-disable no-console -- its lines are its answer */
import { replaceTime } from './world/virtual-time.ts';

/**
 * Plays every `stride`-th seed from `first` to `last`: one line of JSON for each, on its standard output. Worlds share
 * nothing but this process.
 */
const [first = 1, last = 1, stride = 1] = process.argv.slice(2).map(Number);
// Before the product is loaded: nothing of it keeps a clock or a timer of its own.
replaceTime();
const { runSeed } = await import('./run-seed.ts');
// What is thrown is told by its code; a trace costs more than the rest of a failure.
Error.stackTraceLimit = 0;
for (let seed = first; seed <= last; seed += stride) {
  const { history: _, ...result } = await runSeed(seed);
  console.log(JSON.stringify(result));
}
