import { deriveSeed } from './random.js';

/** A stream of standard normal numbers that is read one by one, or added to arrays at a few nanoseconds an entry. */
export interface NormalBlocks {
  readonly next: () => number;
  /** data[i] += scale n_i, in order; the stream goes on behind them. Writes to `data`. */
  readonly addTo: (data: Float32Array, scale: number) => void;
}

/**
 * Rectangles of equal area under the density; the last one's edge, its density, and the area (Marsaglia and Tsang
 * 2000).
 */
const LAYERS = 256;
const EDGE = 3.6541528853610088;
const EDGE_DENSITY = 0.001260285930498598;
const AREA = 0.00492867323399;

/** Whole numbers in +-2^23 stand for a layer's width. */
const STEPS = 2 ** 23;

const { LN2 } = Math;

/** log y by additions, products and quotients alone, which every machine rounds alike; Math.log it need not. */
function logarithm(y: number): number {
  let [mantissa, exponent] = [y, 0];
  for (; mantissa > Math.SQRT2; mantissa /= 2) exponent++;
  for (; mantissa < Math.SQRT1_2; mantissa *= 2) exponent--;
  const z = (mantissa - 1) / (mantissa + 1);
  let sum = 0;
  for (let k = 25; k >= 1; k -= 2) sum = sum * z * z + 1 / k;
  return 2 * z * sum + exponent * LN2;
}

interface Tables {
  /** Below this a whole number is inside the layer above, and so under the density. */
  readonly inside: Int32Array;
  /** What a step is worth in each layer. */
  readonly width: Float64Array;
  /** Density at the edges: layer i lies between density[i] and density[i + 1]. */
  readonly density: Float64Array;
}

function tables(): Tables {
  const edges = new Float64Array(LAYERS + 1);
  const density = new Float64Array(LAYERS + 1);
  edges[0] = AREA / EDGE_DENSITY;
  edges[1] = EDGE;
  density[1] = EDGE_DENSITY;
  for (let i = 1; i < LAYERS - 1; i++) {
    density[i + 1] = density[i]! + AREA / edges[i]!;
    edges[i + 1] = Math.sqrt(-2 * logarithm(density[i + 1]!));
  }
  density[LAYERS] = 1;
  return {
    inside: Int32Array.from({ length: LAYERS }, (_, i) => Math.floor((STEPS * edges[i + 1]!) / edges[i]!)),
    width: Float64Array.from({ length: LAYERS }, (_, i) => edges[i]! / STEPS),
    density,
  };
}

const { inside, width, density } = tables();

/** Draws made at a time. */
const BLOCK = 4096;

/**
 * Standard normal numbers by the ziggurat with 256 layers over xoshiro128++: about 99 of 100 cost one whole number,
 * one comparison and one product. Values are multiples of 2^-23 of a layer's edge, so finer than float32 near 1. The
 * same seed gives the same bits on every machine: no function of the machine's library is called. Source: Marsaglia
 * and Tsang 2000; Blackman and Vigna 2021.
 */
export function normalBlocks(seed: number): NormalBlocks {
  const state = Int32Array.from({ length: 4 }, (_, k) => deriveSeed(seed, 'xoshiro', k));
  if (state.every((word) => word === 0)) state[0] = 1;
  const block = new Int32Array(BLOCK);
  let at = BLOCK;
  const bits = (): number => {
    if (at === BLOCK) {
      xoshiro128(state, block);
      at = 0;
    }
    return block[at++]!;
  };
  /** In (0, 1). */
  const uniform = (): number => ((bits() >>> 0) + 0.5) / 2 ** 32;
  const beyond = (sign: number): number => {
    for (;;) {
      const x = -logarithm(uniform()) / EDGE;
      if (-2 * logarithm(uniform()) > x * x) return sign * (EDGE + x);
    }
  };
  /** What a draw gives that fell outside the rectangle under the density. */
  const rest = (layer: number, step: number): number => {
    if (layer === 0) return beyond(step < 0 ? -1 : 1);
    const x = step * width[layer]!;
    const height = density[layer]! + uniform() * (density[layer + 1]! - density[layer]!);
    return 2 * logarithm(height) < -x * x ? x : next();
  };
  const next = (): number => {
    const drawn = bits();
    const [layer, step] = [drawn & 255, drawn >> 8];
    return Math.abs(step) < inside[layer]! ? step * width[layer]! : rest(layer, step);
  };
  const addTo = (data: Float32Array, scale: number): void => {
    const [edges, widths, draws] = [inside, width, block];
    for (let i = 0; i < data.length; i++) {
      const drawn = at < BLOCK ? draws[at++]! : bits();
      const layer = drawn & 255;
      const step = drawn >> 8;
      const value = Math.abs(step) < edges[layer]! ? step * widths[layer]! : rest(layer, step);
      data[i]! += scale * value;
    }
  };
  return { next, addTo };
}

/** Fills `out` with 32 bits each, period 2^128 - 1, and moves the state on. */
export function xoshiro128(state: Int32Array, out: Int32Array): void {
  let [a, b, c, d] = state as unknown as [number, number, number, number];
  for (let i = 0; i < out.length; i++) {
    const sum = (a + d) | 0;
    out[i] = (((sum << 7) | (sum >>> 25)) + a) | 0;
    const shifted = b << 9;
    c ^= a;
    d ^= b;
    b ^= c;
    a ^= d;
    c ^= shifted;
    d = (d << 11) | (d >>> 21);
  }
  state.set([a, b, c, d]);
}
