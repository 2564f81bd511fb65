import { halfWidth, isBounded } from '../../core/evidence.js';
import type { Matrix } from '../../core/linear-algebra.js';
import type { DenseLayer } from './head.js';

/** How much the update's own evidence counts beside the odds: its entries are far from independent. */
const WEIGHT = 0.25;

/**
 * Which units of a dense layer are active, with the layer's own update heard: for every unit in turn, samples are
 * switched on or off one after the other (iterated conditional modes, Besag 1986), each by
 *
 *     odds + WEIGHT (D_off - D_on) / (2 s^2),   D = sum over features of dist(X^T delta, [G1 - w, G1 + w])^2,
 *
 * s^2 the mean squared distance of all entries before, w the half-width that phi leaves of an entry.
 * @param back errors at the units [B, units], were all active; `features` the layer's inputs [B, features]
 * @returns the odds with that evidence added.
 */
export function refineMasks(layer: DenseLayer, back: Matrix, odds: Matrix, features: Matrix): Matrix {
  const { observed, evidence, weights } = layer;
  const [inputs, units] = [weights.rows, weights.columns];
  const size = back.rows;
  const bounded = isBounded(evidence);
  const on = odds.data.map((value) => Number(value > 0));
  const sample = Array.from({ length: size }, (_, b) => features.data.subarray(b * inputs, (b + 1) * inputs));
  const part = (b: number, u: number): number => back.data[b * units + u]!;

  const residualOf = (u: number): Float64Array => {
    const residual = new Float64Array(inputs);
    for (let i = 0; i < inputs; i++) residual[i] = -observed[i * units + u]!;
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
  const widthsOf = (u: number): Float64Array => {
    const widths = new Float64Array(inputs);
    if (bounded)
      for (let i = 0, at = u; i < inputs; i++, at += units) widths[i] = halfWidth(evidence, observed[at]!, at);
    return widths;
  };
  let total = 0;
  for (let u = 0; u < units; u++) total += distance(residualOf(u), widthsOf(u), 0, sample[0]!);
  const variance = total / (inputs * units) || 1e-300;

  const heard = odds.data.slice();
  for (let u = 0; u < units; u++) {
    const [residual, widths] = [residualOf(u), widthsOf(u)];
    let now = distance(residual, widths, 0, sample[0]!);
    for (let b = 0; b < size; b++) {
      const at = b * units + u;
      const flip = on[at] ? -part(b, u) : part(b, u);
      const other = distance(residual, widths, flip, sample[b]!);
      heard[at]! += (WEIGHT * (on[at] ? other - now : now - other)) / (2 * variance);
      if (heard[at]! > 0 === on[at]! > 0) continue;
      add(residual, flip, sample[b]!);
      on[at] = 1 - on[at]!;
      now = other;
    }
  }
  return { ...odds, data: heard };
}

function add(to: Float64Array, factor: number, x: Float64Array): void {
  for (let i = 0; i < to.length; i++) to[i]! += factor * x[i]!;
}
