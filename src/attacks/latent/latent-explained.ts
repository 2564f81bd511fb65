import { ndarray } from '../../core/arrays.js';
import type { NdArray } from '../../core/types.js';
import type { Decoder } from './decoder.js';
import type { Match } from './update-match.js';

/**
 * How much of the update each picture explains: (D' - D) / (D' - floor), 0 to 1, with D' for the mean picture of its
 * class in its place, and the floor that noise of known size leaves. No truth is needed. One evaluation per picture.
 */
export async function explainedBy(
  match: Match,
  decoder: Decoder,
  found: NdArray,
  classes: NdArray,
  targets: NdArray,
): Promise<number[]> {
  const of = async (point: NdArray): Promise<number> =>
    (await match.evaluate(await decoder.images(point, classes), targets)).objective;
  const all = await of(found);
  const [batch, size] = [found.shape[0]!, found.shape[3]!];
  const each: number[] = [];
  for (let b = 0; b < batch; b++) {
    const without = ndarray(found.shape, found.data.slice());
    without.data.fill(0, b * size, (b + 1) * size);
    const objective = await of(without);
    const open = objective - match.floor;
    each.push(open > 0 ? Math.min(1, Math.max(0, (objective - all) / open)) : 0);
  }
  return each;
}
