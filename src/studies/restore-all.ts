import { restore } from '../attacks/index.js';
import type { Batch, Reconstruction, Scores } from '../core/types.js';
import type { ScoreOptions } from '../metrics/index.js';
import { score } from './score.js';

/** What an outcome of `study` must hold to be restored and scored again. */
export interface Restorable {
  readonly batch: Batch;
  readonly result: Reconstruction;
  readonly scores: Scores;
}

/**
 * The outcomes of a study after `restore`, the attacker's restoration network, which is told the names of the classes;
 * scored again. All other fields come back as they are.
 * @throws those of restore and score
 * @example
 * const done = await rog.study([{ model: model, batch: batch, phi: 'quantize:3' }]);
 * const restored = (await rog.studies.restoreAll(done)).map((d) => ({ ...d, phi: 'restored' }));
 * rog.charts.scoreTable([...done, ...restored], { by: 'phi' });
 */
export async function restoreAll<T extends Restorable>(outcomes: readonly T[], scoring?: ScoreOptions): Promise<T[]> {
  const all: T[] = [];
  for (const outcome of outcomes) {
    const { batch } = outcome;
    const result = await restore(outcome.result, { classNames: batch.classNames });
    all.push({ ...outcome, result, scores: await score(batch, result, scoring) });
  }
  return all;
}
