import { dot } from '../../../core/numbers.js';
import type { Optimizer, OptimizerState, Step } from './types.js';
import { type Bracket, type LinePoint, wolfe } from './wolfe.js';

/** Pairs (s, y) that are kept. */
const MEMORY = 100;
/** Points that one line search may look at. */
const PATIENCE = 20;

interface Pairs {
  readonly s: Float32Array;
  readonly y: Float32Array;
}

const NO_PAIRS: Pairs = { s: new Float32Array(), y: new Float32Array() };

/**
 * L-BFGS (Nocedal 1980) with a line search for the strong Wolfe conditions. Every evaluation is one point of the line
 * x0 + t d; when the search takes it, s = x - x0 and y = g - g0 join the last 100 pairs, and the two-loop recursion
 * gives the next direction. The first step is min(1, 1 / |g|_1) * rate, later ones try t = rate first.
 * A line search that finds nothing forgets the pairs and tries the steepest descent; when that finds nothing either,
 * the search has converged: float32 tells no two points apart.
 */
export const lbfgs: Optimizer = {
  start: () => ({ arrays: { ...NO_PAIRS }, numbers: { pairs: 0, begun: 0 } }),
  step: ({ x, value, gradient }, state, rate) => {
    const { arrays, numbers } = state;
    if (!numbers.begun) return search(x, value, gradient, { s: arrays.s!, y: arrays.y! }, rate);
    const { base, descent, direction } = arrays as Record<string, Float32Array>;
    const start: LinePoint = { t: 0, value: numbers.value!, slope: numbers.slope! };
    const point: LinePoint = { t: numbers.t!, value, slope: dot(gradient, direction!) };
    const verdict = wolfe(start, bracketOf(numbers), point);
    if (verdict.accept) return search(x, value, gradient, remember(arrays, x, gradient), rate);
    const better = value < numbers.bestValue! && Number.isFinite(point.slope);
    const best = better ? { x, gradient } : { x: arrays.bestX!, gradient: arrays.bestGradient! };
    const bestValue = better ? value : numbers.bestValue!;
    if (numbers.looks! + 1 < PATIENCE) {
      const next = {
        arrays: { ...arrays, bestX: best.x, bestGradient: best.gradient },
        numbers: { ...numbers, ...numbersOf(verdict.bracket), t: verdict.t, looks: numbers.looks! + 1, bestValue },
      };
      return { x: along(base!, direction!, verdict.t), state: next };
    }
    if (bestValue < start.value)
      return search(best.x, bestValue, best.gradient, remember(arrays, best.x, best.gradient), rate);
    if (numbers.pairs! > 0) return search(base!, start.value, descent!, NO_PAIRS, rate);
    return { x: base!, state, converged: true };
  },
};

/** A new line search from x. */
function search(x: Float32Array, value: number, gradient: Float32Array, pairs: Pairs, rate: number): Step {
  const count = pairs.s.length / x.length;
  const direction = twoLoop(gradient, pairs);
  const slope = dot(gradient, direction);
  const t = count > 0 ? rate : rate * Math.min(1, 1 / gradient.reduce((sum, g) => sum + Math.abs(g), 0));
  const state: OptimizerState = {
    arrays: { ...pairs, base: x, descent: gradient, direction, bestX: x, bestGradient: gradient },
    numbers: {
      begun: 1,
      pairs: count,
      value,
      slope,
      t,
      looks: 0,
      bestValue: value,
      ...numbersOf({ low: { t: 0, value, slope } }),
    },
  };
  const flat = !(slope < 0);
  return { x: flat ? x : along(x, direction, t), state, ...(flat && { converged: true }) };
}

/** The pairs with the newest, unless it would spoil the curvature (y s > 0); at most MEMORY of them. */
function remember({ s, y, base, descent }: OptimizerState['arrays'], x: Float32Array, gradient: Float32Array): Pairs {
  const step = x.map((value, i) => value - base![i]!);
  const change = gradient.map((value, i) => value - descent![i]!);
  if (dot(step, change) <= 1e-10 * Math.sqrt(dot(step, step) * dot(change, change))) return { s: s!, y: y! };
  const joined = (old: Float32Array, last: Float32Array): Float32Array => {
    const kept = old.subarray(Math.max(0, old.length - (MEMORY - 1) * last.length));
    const all = new Float32Array(kept.length + last.length);
    all.set(kept);
    all.set(last, kept.length);
    return all;
  };
  return { s: joined(s!, step), y: joined(y!, change) };
}

/** -H g, with H the inverse Hessian that the pairs say (Nocedal and Wright, algorithm 7.4). */
function twoLoop(gradient: Float32Array, { s, y }: Pairs): Float32Array {
  const size = gradient.length;
  const count = s.length / size;
  const row = (of: Float32Array, k: number): Float32Array => of.subarray(k * size, (k + 1) * size);
  const q = Float64Array.from(gradient, (g) => -g);
  const rho = Array.from({ length: count }, (_, k) => 1 / dot(row(s, k), row(y, k)));
  const alpha = new Array<number>(count);
  for (let k = count - 1; k >= 0; k--) {
    alpha[k] = rho[k]! * dot(row(s, k), q);
    add(q, row(y, k), -alpha[k]!);
  }
  if (count > 0) {
    const last = row(y, count - 1);
    const scale = 1 / (rho[count - 1]! * dot(last, last));
    for (let i = 0; i < size; i++) q[i]! *= scale;
  }
  for (let k = 0; k < count; k++) add(q, row(s, k), alpha[k]! - rho[k]! * dot(row(y, k), q));
  return Float32Array.from(q);
}

type Numbers = ArrayLike<number>;

function add(to: Float64Array, what: Numbers, times: number): void {
  for (let i = 0; i < to.length; i++) to[i]! += times * what[i]!;
}

const along = (x: Float32Array, direction: Float32Array, t: number): Float32Array =>
  x.map((value, i) => value + t * direction[i]!);

const numbersOf = ({ low, high }: Bracket): Record<string, number> => ({
  lowT: low.t,
  lowValue: low.value,
  lowSlope: low.slope,
  closed: high ? 1 : 0,
  highT: high?.t ?? 0,
  highValue: high?.value ?? 0,
  highSlope: high?.slope ?? 0,
});

const bracketOf = (n: Readonly<Record<string, number>>): Bracket => ({
  low: { t: n.lowT!, value: n.lowValue!, slope: n.lowSlope! },
  ...(n.closed && { high: { t: n.highT!, value: n.highValue!, slope: n.highSlope! } }),
});
