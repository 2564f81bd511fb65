import { eigen, leastSquares, type Matrix, mapped, product, rowsOf, transpose } from '../../core/linear-algebra.js';
import { sum } from '../../core/numbers.js';
import type { Guess } from './guess.js';
import { logCdf, logDensity } from './normal-posterior.js';

/** One image of every class: rows of P - Y sum to 0, so the equations for the activations lack one rank. */
export const hasEveryClass = (labels: Int32Array, classes: number): boolean =>
  labels.length === classes && new Set(labels).size === classes;

/** The unit vector that a least-squares matrix [equations, unknowns] says least about, its sum above 0. */
export function freeDirection(equations: Matrix): Float64Array {
  const gram = product(transpose(equations), equations);
  const { values, vectors } = eigen(rowsOf(gram));
  const least = values.indexOf(Math.min(...values));
  const line = Float64Array.from(vectors, (vector) => vector[least]!);
  return sum(line) < 0 ? line.map((value) => -value) : line;
}

/** Equations A H = seen for the hidden activations H [B, units], of which a direction v is free. */
interface Underdetermined {
  readonly equations: Matrix;
  readonly seen: Matrix;
  readonly guess: Guess;
  readonly factor: number;
  readonly free: Float64Array;
  /** Standard deviation of each sample's activations, the free direction apart. */
  readonly unsure: Float64Array;
}

/**
 * Hidden activations H = R + v t, R the solution nearest to the guess, t one number a unit. A ReLU's output is 0 or
 * more: the likeliest t either leaves every sample active, or is the least one that some samples touch 0 at; several
 * that touch it at once can hardly be chance. Each is weighed by the guess z ~ N(inputs, spread^2) of the samples'
 * inputs.
 */
export function aroundGuess({ equations, seen, guess, factor, free, unsure }: Underdetermined): Matrix {
  const { inputs, spread } = guess;
  const before = mapped(inputs, (z) => factor * Math.max(0, z));
  const rest = product(equations, before);
  const nearest = leastSquares(
    equations,
    mapped(seen, (value, i, j) => value - rest.data[i * seen.columns + j]!),
  );
  const [size, units] = [inputs.rows, inputs.columns];
  const out = mapped(nearest, (value, b, u) => value + before.data[b * units + u]!);
  for (let u = 0; u < units; u++) {
    const samples = Array.from({ length: size }, (_, b) => ({
      along: free[b]!,
      at: out.data[b * units + u]! / factor,
      guess: inputs.data[b * units + u]!,
      spread: spread[b]!,
      unsure: unsure[b]! / factor,
    }));
    const moved = likeliest(samples);
    for (let b = 0; b < size; b++) out.data[b * units + u]! += factor * free[b]! * moved;
  }
  return out;
}

interface Sample {
  readonly along: number;
  readonly at: number;
  readonly guess: number;
  readonly spread: number;
  readonly unsure: number;
}

function likeliest(samples: readonly Sample[]): number {
  const moving = samples.filter(({ along }) => along > 1e-6);
  // the least move that leaves none below 0
  const touch = Math.max(...moving.map(({ along, at }) => -at / along));
  const weight = moving.reduce((sum, { along, spread }) => sum + (along / spread) ** 2, 0);
  const inner = moving.reduce((sum, s) => sum + (s.along * (s.guess - s.at)) / s.spread ** 2, 0) / weight;
  const density = (s: Sample, move: number): number =>
    logDensity((s.at + s.along * move - s.guess) / s.spread) - Math.log(s.spread);
  const all = moving.reduce((sum, s) => sum + density(s, Math.max(inner, touch)), 0);
  // all active, over the moves that keep them so
  const active =
    all + 0.5 * Math.log(2 * Math.PI) - 0.5 * Math.log(weight) + logCdf((inner - touch) * Math.sqrt(weight));
  const touching = moving.map((s) => s.at + s.along * touch <= 3 * s.unsure);
  const zeros = moving.filter((_, k) => touching[k]);
  const noise = Math.max(...zeros.map(({ unsure }) => unsure), 1e-12);
  const off = zeros.reduce((sum, s) => sum + logCdf(-s.guess / s.spread), 0);
  const on = moving.reduce((sum, s, k) => (touching[k] ? sum : sum + density(s, touch)), 0);
  // one 0 fixes the move; every further one would be chance
  const chance = -(zeros.length - 1) * Math.log(noise * Math.sqrt(2 * Math.PI));
  return active > off + on + chance ? Math.max(inner, touch) : touch;
}
