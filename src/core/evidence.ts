import type { Evidence } from './types.js';

/** Nothing is lost: every observed entry is the true one. */
export const EXACT: Evidence = { tolerance: 0, zeroTolerance: 0, noise: 0, signOnly: false, scaleUnknown: false };

const unbounded = Number.POSITIVE_INFINITY;

/** Nothing is known of any entry, not even its sign: what a server has that is not told phi. */
export const UNKNOWN: Evidence = {
  tolerance: unbounded,
  zeroTolerance: unbounded,
  noise: unbounded,
  signOnly: false,
  scaleUnknown: true,
};

/** A bound of every entry alike, of each channel (the last axis) or of each entry. */
export type Widths = number | Float32Array;

/** The bound of entry i. */
export const widthAt = (width: Widths, i: number): number =>
  typeof width === 'number' ? width : (width[i % width.length] ?? 0);

const widest = (width: Widths): number =>
  typeof width === 'number' ? width : width.reduce((most, value) => Math.max(most, value), 0);

const lengthOf = (...widths: readonly Widths[]): number =>
  Math.max(...widths.map((width) => (typeof width === 'number' ? 1 : width.length)));

/** Numbers by their place; `Float32Array.from` takes ten times as long. */
function listed(length: number, of: (i: number) => number): Float32Array {
  const out = new Float32Array(length);
  for (let i = 0; i < length; i++) out[i] = of(i);
  return out;
}

/** The bounds of an evidence: of each entry or channel where they differ, else one number. */
export const widthsOf = ({ tolerance, zeroTolerance, each }: Evidence): { kept: Widths; zero: Widths } => ({
  kept: each?.tolerance ?? tolerance,
  zero: each?.zeroTolerance ?? zeroTolerance,
});

/** An evidence with other bounds. */
export function bounded({ each: _, ...before }: Evidence, kept: Widths, zero: Widths): Evidence {
  const length = lengthOf(kept, zero);
  const spread = (width: Widths): Float32Array =>
    typeof width !== 'number' && width.length === length ? width : listed(length, (i) => widthAt(width, i));
  const whole = { ...before, tolerance: widest(kept), zeroTolerance: widest(zero) };
  if (length === 1) return whole;
  const tolerance = spread(kept);
  return { ...whole, each: { tolerance, zeroTolerance: kept === zero ? tolerance : spread(zero) } };
}

/** One bound from two, entry by entry. */
function merged(a: Widths, b: Widths, of: (a: number, b: number) => number): Widths {
  const length = lengthOf(a, b);
  if (length === 1) return of(widthAt(a, 0), widthAt(b, 0));
  return listed(length, (i) => of(widthAt(a, i), widthAt(b, i)));
}

const sum = (a: number, b: number): number => a + b;

/**
 * After an operator that keeps zeros at zero and moves a nonzero entry by at most `kept`, or to zero when it was at
 * most `dropped`: tolerance + kept, max(zeroTolerance, tolerance + dropped), noises in quadrature; entry by entry
 * where bounds differ.
 */
export function rounded(before: Evidence, kept: Widths, dropped: Widths, noise = 0): Evidence {
  const was = widthsOf(before);
  const known = { ...before, noise: Math.hypot(before.noise, noise) };
  const tolerance = merged(was.kept, kept, sum);
  // an exact update that meets one bound for all keeps one array: half the numbers for an attack to carry
  if (kept === dropped && was.kept === was.zero) return bounded(known, tolerance, tolerance);
  return bounded(known, tolerance, merged(was.zero, merged(was.kept, dropped, sum), Math.max));
}

/** After something of at most `by` was added to every entry. */
export function widened(before: Evidence, by: Widths): Evidence {
  const { kept, zero } = widthsOf(before);
  return { ...bounded(before, merged(kept, by, sum), merged(zero, by, sum)), crossesZero: true };
}

/** After the sign alone was sent; a zero that stayed keeps its bound. */
export const signed = (before: Evidence, zerosStay: boolean): Evidence => ({
  ...bounded(before, unbounded, zerosStay ? widthsOf(before).zero : unbounded),
  signOnly: true,
});

/** After zero-mean noise of deviation sigma, which hides the zeros: the looser of both bounds holds for all. */
export function noised(before: Evidence, sigma: number): Evidence {
  if (sigma === 0) return before;
  const { kept, zero } = widthsOf(before);
  const both = merged(kept, zero, Math.max);
  const known = { ...bounded(before, both, both), noise: Math.hypot(before.noise, sigma) };
  return known.tolerance > 0 ? { ...known, blurred: true } : known;
}

/** Of a tensor that is not sent: zeros stand for it, and nothing is known of it. */
export const UNSENT: Evidence = {
  tolerance: unbounded,
  zeroTolerance: unbounded,
  noise: 0,
  signOnly: false,
  scaleUnknown: false,
  unsent: true,
};

const sizes = (e: Evidence, of: (size: number) => number): Evidence => ({
  ...e,
  tolerance: of(e.tolerance),
  zeroTolerance: of(e.zeroTolerance),
  noise: of(e.noise),
  ...(e.each && { each: { tolerance: e.each.tolerance.map(of), zeroTolerance: e.each.zeroTolerance.map(of) } }),
});

/** Of the entries times a factor. */
export const scaled = (e: Evidence, factor: number): Evidence => sizes(e, (size) => size * factor);

/** Of the entries per local step, where the update sums so many. */
export const perStep = (e: Evidence, steps: number): Evidence => sizes(e, (size) => size / steps);

/** Nothing is known of any entry: phi was not told, or is a bare function. */
export const isUnknown = ({ noise }: Evidence): boolean => noise === unbounded;

/** |true - value| is at most this for the observed value of entry i. */
export const halfWidth = ({ tolerance, zeroTolerance, each }: Evidence, value: number, i: number): number => {
  const own = each && (value === 0 ? each.zeroTolerance : each.tolerance);
  if (own) return own[i % own.length]!;
  return value === 0 ? zeroTolerance : tolerance;
};

/** Whether the tensor was sent at all. */
export const isSent = ({ unsent }: Evidence): boolean => !unsent;

/** The true entry is the observed one times one positive factor of the tensor (1, unless the scale is unknown). */
export const isExactToScale = ({ tolerance, zeroTolerance, noise, signOnly, projection }: Evidence): boolean =>
  tolerance === 0 && zeroTolerance === 0 && noise === 0 && !signOnly && !projection;

/** The true entry is the observed one. */
export const isExact = (e: Evidence): boolean => isExactToScale(e) && !e.scaleUnknown;

/** The length of the observed tensor says nothing about that of the true one. */
export const hidesScale = ({ signOnly, scaleUnknown }: Evidence): boolean => signOnly || scaleUnknown;

/** Small entries were replaced by zeros, the others were left alone. */
export const isSparse = ({ tolerance, zeroTolerance }: Evidence): boolean => tolerance === 0 && zeroTolerance > 0;

/** An entry lies in an interval about its observed value, wherever in it; the interval may be a half-line (signs). */
export const isBounded = ({ tolerance, zeroTolerance, noise }: Evidence): boolean =>
  noise === 0 && (tolerance > 0 || zeroTolerance > 0);

/** Every entry was rounded to the nearest of known values. */
export const isRounded = ({ tolerance, noise, signOnly, scaleUnknown }: Evidence): boolean =>
  tolerance > 0 && noise === 0 && !signOnly && !scaleUnknown;

/** Every entry has an error of known size within its bound, random rounding or a sum of roundings, or none at all. */
export const isErring = (e: Evidence): boolean =>
  e.tolerance === e.zeroTolerance && e.noise <= e.tolerance && !e.blurred && !hidesScale(e);

/** Every entry was rounded up or down at random, to known values, or untouched (zeros have no step). */
export const isRandomlyRounded = (e: Evidence): boolean => isErring(e) && !e.crossesZero;

/** Zero-mean noise of known size was added to every entry, and nothing else was done. */
export const isNoised = (e: Evidence): boolean => e.noise > 0 && isExact({ ...e, noise: 0 });

/** An observed entry that is not 0 has the true sign: random rounding stays in its bound, other noise does not. */
export const keepsSigns = ({ noise, tolerance, blurred, crossesZero, projection }: Evidence): boolean =>
  !projection && !crossesZero && (noise === 0 || (tolerance > 0 && Number.isFinite(noise) && !blurred));
