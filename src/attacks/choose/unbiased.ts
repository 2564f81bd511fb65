import type { AttackSteps, NdArray, Observation, Reconstruction } from '../../core/types.js';
import { isFine } from '../search/fine.js';
import { clamped } from '../search/minimise.js';

/**
 * Whether an attack that takes several local steps for one gradient errs by little else: every entry is known finely,
 * so the same attack on a simulated update errs alike.
 */
export const errsBySteps = (observation: Observation): boolean =>
  observation.client.localSteps > 1 && isFine(observation);

/**
 * Pictures x of an attack f without its own bias (indirect inference; Gourieroux, Monfort and Renault 1993): what f
 * makes of the update that x would have given shows what f makes of pictures,
 *
 *     x' = x + f(received) - f(update of x).
 *
 * Errors P - Y shrink from local step to local step, and one gradient that stands for all of them makes a picture
 * darker by as much.
 * @param update of x, as the client would have sent it
 * @param attack f, whose labels are those of `found`
 * @param found f(received)
 */
export async function* unbiased(
  observation: Observation,
  attack: (seen: Observation) => AttackSteps,
  found: Reconstruction,
  { images, update }: { readonly images: NdArray; readonly update: readonly NdArray[] },
): AttackSteps {
  const tensors = observation.tensors.map((tensor, k) => ({ ...tensor, data: update[k]!.data }));
  const again = yield* attack({ ...observation, labels: found.labels, tensors });
  const size = images.data.length / found.labels.length;
  const order = placesOf(images, found.labels, again);
  const data = images.data.map(
    (value, i) => value + found.images.data[i]! - again.images.data[order[Math.floor(i / size)]! * size + (i % size)]!,
  );
  const { closures, seconds, history, stopped } = again;
  return { ...found, images: clamped({ ...images, data }), closures, seconds, history, stopped };
}

/** For every picture the nearest one of its label, each taken once: images of one label come in any order. */
function placesOf({ data }: NdArray, labels: Int32Array, again: Reconstruction): number[] {
  const size = data.length / labels.length;
  const left = new Set(labels.keys());
  const away = (i: number, j: number): number => {
    let sum = 0;
    for (let k = 0; k < size; k++) sum += (data[i * size + k]! - again.images.data[j * size + k]!) ** 2;
    return sum;
  };
  return Array.from(labels, (label, i) => {
    const alike = [...left].filter((j) => again.labels[j] === label);
    const at = (alike.length ? alike : [...left]).reduce((best, j) => (away(i, j) < away(i, best) ? j : best));
    left.delete(at);
    return at;
  });
}
