import { breath } from '../../core/breath.js';
import { halfWidth, isBounded } from '../../core/evidence.js';
import type { Matrix } from '../../core/linear-algebra.js';
import { sum } from '../../core/numbers.js';
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
export async function refineMasks(layer: DenseLayer, back: Matrix, odds: Matrix, features: Matrix): Promise<Matrix> {
  const [inputs, units] = [layer.weights.rows, layer.weights.columns];
  const size = back.rows;
  const on = odds.data.map((value) => Number(value > 0));
  const sample = Array.from({ length: size }, (_, b) => features.data.subarray(b * inputs, (b + 1) * inputs));
  const part = (b: number, u: number): number => back.data[b * units + u]!;

  const residual = new Float64Array(inputs);
  const residualOf = ({ unit, seen }: Column): Float64Array => {
    for (let i = 0; i < inputs; i++) residual[i] = -seen[i]!;
    for (let b = 0; b < size; b++) if (on[b * units + unit]) add(residual, part(b, unit), sample[b]!);
    return residual;
  };
  const distance = (residual: Float64Array, width: Float64Array, factor: number, x: Float64Array): number => {
    let squares = 0;
    for (let i = 0; i < residual.length; i++) {
      const away = Math.abs(residual[i]! + factor * x[i]!) - width[i]!;
      if (away > 0) squares += away * away;
    }
    return squares;
  };
  const unheard = new Float64Array(units);
  for (const column of columnsOf(layer)) {
    unheard[column.unit] = distance(residualOf(column), column.widths, 0, sample[0]!);
    await breath();
  }
  const variance = sum(unheard) / (inputs * units) || 1e-300;

  const heard = odds.data.slice();
  for (const column of columnsOf(layer)) {
    const { unit: u, widths } = column;
    const rest = residualOf(column);
    let now = unheard[u]!;
    for (let b = 0; b < size; b++) {
      const at = b * units + u;
      const flip = on[at] ? -part(b, u) : part(b, u);
      const other = distance(rest, widths, flip, sample[b]!);
      heard[at]! += (WEIGHT * (on[at] ? other - now : now - other)) / (2 * variance);
      if (heard[at]! > 0 === on[at]! > 0) continue;
      add(rest, flip, sample[b]!);
      on[at] = 1 - on[at]!;
      now = other;
    }
    await breath();
  }
  return { ...odds, data: heard };
}

function add(to: Float64Array, factor: number, x: Float64Array): void {
  for (let i = 0; i < to.length; i++) to[i]! += factor * x[i]!;
}

/** What was received for one unit, and the half-widths that phi leaves of it; in memory that the next block takes. */
interface Column {
  readonly unit: number;
  readonly seen: Float64Array;
  readonly widths: Float64Array;
}

/** Units that are read together: their entries lie beside each other. */
const BLOCK = 16;

function* columnsOf({ observed, evidence, weights }: DenseLayer): Generator<Column> {
  const [inputs, units] = [weights.rows, weights.columns];
  const bounded = isBounded(evidence);
  // units a power of two apart would meet in one line of the cache
  const pitch = inputs + 8;
  const [seen, widths] = [new Float64Array(BLOCK * pitch), new Float64Array(BLOCK * pitch)];
  for (let from = 0; from < units; from += BLOCK) {
    const count = Math.min(BLOCK, units - from);
    for (let i = 0; i < inputs; i++)
      for (let k = 0; k < count; k++) {
        const at = i * units + from + k;
        seen[k * pitch + i] = observed[at]!;
        if (bounded) widths[k * pitch + i] = halfWidth(evidence, observed[at]!, at);
      }
    for (let k = 0; k < count; k++) {
      const part = (all: Float64Array): Float64Array => all.subarray(k * pitch, k * pitch + inputs);
      yield { unit: from + k, seen: part(seen), widths: part(widths) };
    }
  }
}
