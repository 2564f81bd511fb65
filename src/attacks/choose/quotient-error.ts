import { halfWidth, hidesScale, isExactToScale, isRounded, isSparse } from '../../core/evidence.js';
import { squaredLength as squares } from '../../core/numbers.js';
import type { Evidence, NdArray, Observation } from '../../core/types.js';
import { entranceOf } from '../../models/index.js';

const isBoundedToScale = (evidence: Evidence): boolean =>
  !hidesScale(evidence) && (isExactToScale(evidence) || isRounded(evidence) || isSparse(evidence));

/**
 * Root mean square error of the one image x that `analytic` read off a first dense layer, by phi's bounds h alone. For
 * any number of local steps dW = x db^T, so that x = dW[:, r] / db[r], r the neuron with the largest |db|, errs by at
 * most
 *
 *     e_i = (h(dW_ir) + x_i h(db_r)) / |db_r|,
 *
 * taken as uniform in it. What of dW is no such product within the bounds (weight decay, several images) counts as if
 * it were the picture's fault, so that with n pixels
 *
 *     error^2 = mean e^2 / 3 + |outside|^2 / (n |db|^2).
 *
 * Of a picture that is normalised first, x is the normalised one, and errors are divided by what it was multiplied by.
 * Infinity where phi gives no bounds, or the client divides gradients by their size (Adam).
 * @param images [1, h, w, c] in [0, 1]
 */
export function quotientError({ client, model, tensors, obfuscation }: Observation, { data }: NdArray): number {
  if (client.optimizer && client.optimizer.kind !== 'sgd') return Number.POSITIVE_INFINITY;
  const [dW, db] = [tensors[0]!.data, tensors[1]!.data];
  const [ofW, ofB] = [obfuscation.evidence[0]!, obfuscation.evidence[1]!];
  if (![ofW, ofB].every(isBoundedToScale)) return Number.POSITIVE_INFINITY;
  const { gain, shift } = entranceOf(model);
  const gainAt = (i: number): number => gain[i % gain.length]!;
  const x = data.map((value, i) => gainAt(i) * value + shift[i % shift.length]!);
  const units = db.length;
  const r = db.reduce((most, value, at) => (Math.abs(value) > Math.abs(db[most]!) ? at : most), 0);
  const boundAt = (at: number, i: number, s: number): number =>
    halfWidth(ofW, dW[at]!, at) + Math.abs(x[i]!) * halfWidth(ofB, db[s]!, s);
  const errors = x.map((_, i) => boundAt(i * units + r, i, r) / Math.abs(db[r]!));
  const outside = dW.reduce((sum, value, at) => {
    const [i, s] = [Math.floor(at / units), at % units];
    const bound = boundAt(at, i, s) + Math.abs(db[s]!) * errors[i]!;
    return sum + (Math.max(0, Math.abs(value - x[i]! * db[s]!) - bound) / gainAt(i)) ** 2;
  }, 0);
  const within = squares(errors.map((error, i) => error / gainAt(i)));
  return Math.sqrt((within / 3 + outside / squares(db)) / x.length);
}
