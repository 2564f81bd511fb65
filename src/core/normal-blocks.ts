import { deriveSeed } from './random.js';

/** A stream of standard normal numbers that is read one by one, or added to arrays at a few nanoseconds an entry. */
export interface NormalBlocks {
  readonly next: () => number;
  /** data[i] += scale n_i, in order; the stream goes on behind them. Writes to `data`. */
  readonly addTo: (data: Float32Array, scale: number) => void;
  /**
   * data[i] = from[i] - rate (data[i] + scale n_i), the sum rounded to float32 as by addTo: a step from `from` against
   * a noised gradient, in one pass. Writes to `data`.
   */
  readonly stepTo: (data: Float32Array, from: Float32Array, rate: number, scale: number) => void;
}

/** Rectangles of equal area under the density; the last one's edge, density and area (Marsaglia and Tsang 2000). */
const LAYERS = 256;
const EDGE = 3.6541528853610088;
const EDGE_DENSITY = 0.001260285930498598;
const AREA = 0.00492867323399;

/** Whole numbers in +-2^23 stand for a layer's width. */
const STEPS = 2 ** 23;

const { LN2 } = Math;

/** 1 / k for k = 25, 23 .. 1: the series of artanh. */
const SERIES = Float64Array.from({ length: 13 }, (_, i) => 1 / (25 - 2 * i));

/** log y by additions, products and quotients alone, which every machine rounds alike; Math.log it need not. */
function logarithm(y: number): number {
  let mantissa = y;
  let exponent = 0;
  for (; mantissa > Math.SQRT2; mantissa /= 2) exponent++;
  for (; mantissa < Math.SQRT1_2; mantissa *= 2) exponent--;
  const z = (mantissa - 1) / (mantissa + 1);
  const square = z * z;
  let sum = 0;
  for (let i = 0; i < SERIES.length; i++) sum = sum * square + SERIES[i]!;
  return 2 * z * sum + exponent * LN2;
}

interface Tables {
  readonly edges: Float64Array;
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
    edges,
  };
}

const { inside, width, density, edges } = tables();

/** Numbers made at a time. */
const BLOCK = 4096;

/**
 * Standard normal numbers by the ziggurat with 256 layers over xoshiro128++: about 99 of 100 cost one whole number, one
 * comparison and one product; the others draw from a second stream. Values are multiples of 2^-23 of a layer's edge, so
 * finer than float32 near 1. The same seed gives the same bits on every machine: no function of the machine's library
 * is called. Source: Marsaglia and Tsang 2000; Blackman and Vigna 2021.
 */
export function normalBlocks(seed: number): NormalBlocks {
  const [state, draws, misses] = [stateOf(seed, 'first'), new Int32Array(BLOCK), new Int32Array(BLOCK)];
  const uniform = uniforms(stateOf(seed, 'more'));
  const block = new Float64Array(BLOCK);
  let at = BLOCK;
  const refill = (): void => {
    const missed = candidates(state, draws, block, misses);
    for (let m = 0; m < missed; m++) {
      const i = misses[m]!;
      block[i] = outside(draws[i]! & 255, draws[i]! >> 8, uniform);
    }
    at = 0;
  };
  const next = (): number => {
    if (at === BLOCK) refill();
    return block[at++]!;
  };
  const parts = (length: number, use: (done: number, from: number, count: number) => void): void => {
    for (let done = 0; done < length; ) {
      if (at === BLOCK) refill();
      const count = Math.min(BLOCK - at, length - done);
      use(done, at, count);
      done += count;
      at += count;
    }
  };
  const addTo: NormalBlocks['addTo'] = (data, scale) =>
    parts(data.length, (done, place, count) => addPart(data, done, block, place, count, scale));
  const stepTo: NormalBlocks['stepTo'] = (data, from, rate, scale) =>
    parts(data.length, (done, place, count) => stepPart(data, from, rate, done, block, place, count, scale));
  return { next, addTo, stepTo };
}

function addPart(into: Float32Array, to: number, block: Float64Array, from: number, count: number, scale: number) {
  for (let i = 0; i < count; i++) into[to + i]! += scale * block[from + i]!;
}

function stepPart(
  into: Float32Array,
  origin: Float32Array,
  rate: number,
  to: number,
  block: Float64Array,
  from: number,
  count: number,
  scale: number,
): void {
  for (let i = 0; i < count; i++) {
    const noised = Math.fround(into[to + i]! + scale * block[from + i]!);
    into[to + i] = origin[to + i]! - rate * noised;
  }
}

/**
 * Fills `bits` with 32 bits each, period 2^128 - 1, and moves the state on. `numbers` gets what each is worth in its
 * layer, `misses` the places of those outside the rectangle under the density: a loop without calls is faster.
 * @returns how many are outside
 */
function candidates(state: Int32Array, bits: Int32Array, numbers: Float64Array, misses: Int32Array): number {
  // one by one: taken from a list they stay boxed, a sixth of the whole time
  let a = state[0]!;
  let b = state[1]!;
  let c = state[2]!;
  let d = state[3]!;
  let missed = 0;
  for (let i = 0; i < bits.length; i++) {
    const sum = (a + d) | 0;
    const draw = (((sum << 7) | (sum >>> 25)) + a) | 0;
    const shifted = b << 9;
    c ^= a;
    d ^= b;
    b ^= c;
    a ^= d;
    c ^= shifted;
    d = (d << 11) | (d >>> 21);
    const layer = draw & 255;
    const step = draw >> 8;
    bits[i] = draw;
    numbers[i] = step * width[layer]!;
    misses[missed] = i;
    missed += +(Math.abs(step) >= inside[layer]!);
  }
  state[0] = a;
  state[1] = b;
  state[2] = c;
  state[3] = d;
  return missed;
}

/** Fills `out` with 32 bits each by xoshiro128++ and moves the state on. */
export function xoshiro128(state: Int32Array, out: Int32Array): void {
  candidates(state, out, new Float64Array(out.length), new Int32Array(out.length));
}

/** What a draw gives that fell outside the rectangle under the density. */
function outside(layer: number, step: number, uniform: () => number): number {
  if (layer === 0) return beyond(step < 0 ? -1 : 1, uniform);
  const x = step * width[layer]!;
  const height = density[layer]! + uniform() * (density[layer + 1]! - density[layer]!);
  if (isUnder(layer, x, height)) return x;
  const drawn = Math.floor(uniform() * 2 ** 32) | 0;
  const [next, again] = [drawn & 255, drawn >> 8];
  return Math.abs(again) < inside[next]! ? again * width[next]! : outside(next, again, uniform);
}

/** Far more than rounding errors of straight lines and logarithms. */
const DOUBT = 1e-12;

/**
 * height < exp(-x^2 / 2), x in a layer's wedge. Between its edges the density lies between the chord and the tangents
 * at its ends, but for the layer with the inflection at 1: one height in fourteen is between them and needs a
 * logarithm.
 */
function isUnder(layer: number, x: number, height: number): boolean {
  const outer = edges[layer]!;
  const inner = edges[layer + 1]!;
  const low = density[layer]!;
  const high = density[layer + 1]!;
  const toOuter = outer - Math.abs(x);
  const chord = low + ((high - low) * toOuter) / (outer - inner);
  const fromOuter = low * (1 + outer * toOuter);
  const fromInner = high * (1 - inner * (Math.abs(x) - inner));
  if (inner >= 1) {
    if (height > chord + DOUBT) return false;
    if (height < Math.max(fromOuter, fromInner) - DOUBT) return true;
  } else if (outer <= 1) {
    if (height < chord - DOUBT) return true;
    if (height > Math.min(fromOuter, fromInner) + DOUBT) return false;
  }
  return 2 * logarithm(height) < -x * x;
}

/** From the tail beyond the last edge. */
function beyond(sign: number, uniform: () => number): number {
  for (;;) {
    const x = -logarithm(uniform()) / EDGE;
    if (-2 * logarithm(uniform()) > x * x) return sign * (EDGE + x);
  }
}

function stateOf(seed: number, stream: string): Int32Array {
  const state = Int32Array.from({ length: 4 }, (_, k) => deriveSeed(seed, 'xoshiro', stream, k));
  if (state.every((word) => word === 0)) state[0] = 1;
  return state;
}

/** Numbers in (0, 1). */
function uniforms(state: Int32Array): () => number {
  const block = new Int32Array(64);
  let at = block.length;
  return () => {
    if (at === block.length) {
      xoshiro128(state, block);
      at = 0;
    }
    return ((block[at++]! >>> 0) + 0.5) / 2 ** 32;
  };
}
