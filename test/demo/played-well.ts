import assert from 'node:assert/strict';
import { excused } from './spiteful.ts';
import type { Play, Played, Theatre } from './theatre.ts';

/** Plays it and asserts what every scenario owes: no difference by the oracle, nothing by hand, every promise held. */
export async function playedWell(play: Play, theatre: Theatre): Promise<Played> {
  const played = excused(await play(theatre), theatre.world);
  assert.deepEqual(played.oracle.differences, []);
  assert.deepEqual(played.flagged.beyond, []);
  assert.equal(played.manualSteps, 0);
  const broken = Object.entries(played.promises).filter(([, held]) => !held);
  assert.deepEqual(broken, []);
  return played;
}
