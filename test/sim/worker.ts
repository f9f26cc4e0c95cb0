/* oxlint-disable no-console -- its lines are its answer */
import { replaceThreads } from './cleaning/one-thread.ts';
import { replaceTime } from './world/virtual-time.ts';

/**
 * Plays every `stride`-th seed of a suite from `first` to `last`: one line of JSON for each, on its standard output.
 * Worlds share nothing but this process.
 */
const [suite, ...numbers] = process.argv.slice(2);
const [first = 1, last = 1, stride = 1] = numbers.map(Number);
const play = await (suite === 'cleaning' ? cleaning() : system());
// What is thrown is told by its code; a trace costs more than the rest of a failure.
Error.stackTraceLimit = 0;
for (let seed = first; seed <= last; seed += stride) {
  const { history: _, ...result } = await play(seed);
  console.log(JSON.stringify(result));
}

async function system() {
  // Before the product is loaded: nothing of it keeps a clock or a timer of its own.
  replaceTime();
  return (await import('./run-seed.ts')).runSeed;
}

async function cleaning() {
  replaceThreads();
  return (await import('./cleaning/play.ts')).playCleaning;
}
