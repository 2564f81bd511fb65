import { halfWidth, isBounded } from '../../core/evidence.js';
import type { Activations } from './activations.js';
import type { Head } from './head.js';
import { type Matrix, product, transpose } from './matrix.js';

/** How much the update's own evidence counts beside the odds: its entries are far from independent. */
const WEIGHT = 0.25;

/**
 * Which units are active, with the first layer's update heard: for every unit in turn, samples are switched on or off one
 * after the other (iterated conditional modes, Besag 1986), each by
 *
 *     odds + WEIGHT (D_off - D_on) / (2 s^2),   D = sum over features of dist(X^T delta, [G1 - w, G1 + w])^2,
 *
 * s^2 the mean squared distance of all entries before, w the half-width that phi leaves of an entry.
 * @returns the activations with that evidence added to their odds.
 */
export function refineMasks(head: Head, found: Activations, features: Matrix): Activations {
  const { errors, odds } = found;
  const { observed, evidence, weights } = head.first;
  const [inputs, units] = [weights.rows, weights.columns];
  const size = errors.rows;
  const back = product(errors, transpose(head.last.weights));
  const seen = transpose({ rows: inputs, columns: units, data: Float64Array.from(observed) });
  const bounded = isBounded(evidence);
  const widths = seen.data.map((value) => (bounded ? halfWidth(evidence, value) : 0));
  const on = odds.data.map((value) => Number(value > 0));
  const sample = Array.from({ length: size }, (_, b) => features.data.subarray(b * inputs, (b + 1) * inputs));
  const part = (b: number, u: number): number => (head.factor * back.data[b * units + u]!) / size;

  const residualOf = (u: number): Float64Array => {
    const residual = seen.data.slice(u * inputs, (u + 1) * inputs).map((value) => -value);
    for (let b = 0; b < size; b++) if (on[b * units + u]) add(residual, part(b, u), sample[b]!);
    return residual;
  };
  const distance = (residual: Float64Array, width: Float64Array, factor: number, x: Float64Array): number => {
    let sum = 0;
    for (let i = 0; i < residual.length; i++) {
      const away = Math.abs(residual[i]! + factor * x[i]!) - width[i]!;
      if (away > 0) sum += away * away;
    }
    return sum;
  };
  const width = (u: number): Float64Array => widths.subarray(u * inputs, (u + 1) * inputs);
  let total = 0;
  for (let u = 0; u < units; u++) total += distance(residualOf(u), width(u), 0, sample[0]!);
  const variance = total / (inputs * units) || 1e-300;

  const heard = odds.data.slice();
  for (let u = 0; u < units; u++) {
    const residual = residualOf(u);
    let now = distance(residual, width(u), 0, sample[0]!);
    for (let b = 0; b < size; b++) {
      const at = b * units + u;
      const flip = on[at] ? -part(b, u) : part(b, u);
      const other = distance(residual, width(u), flip, sample[b]!);
      heard[at]! += (WEIGHT * (on[at] ? other - now : now - other)) / (2 * variance);
      if (heard[at]! > 0 === on[at] > 0) continue;
      add(residual, flip, sample[b]!);
      on[at] = 1 - on[at]!;
      now = other;
    }
  }
  return { ...found, odds: { ...odds, data: heard } };
}

function add(to: Float64Array, factor: number, x: Float64Array): void {
  for (let i = 0; i < to.length; i++) to[i]! += factor * x[i]!;
}
