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

/**
 * After an operator that keeps zeros at zero and moves a nonzero entry by at most `kept`, or to zero when it was at most
 * `dropped`: tolerance + kept, max(zeroTolerance, tolerance + dropped), noises in quadrature.
 */
export const rounded = ({ each: _, ...before }: Evidence, kept: number, dropped: number, noise = 0): Evidence => ({
  ...before,
  tolerance: before.tolerance + kept,
  zeroTolerance: Math.max(before.zeroTolerance, before.tolerance + dropped),
  noise: Math.hypot(before.noise, noise),
});

/** After the sign alone was sent; a zero that stayed keeps its bound. */
export const signed = ({ each: _, ...before }: Evidence, zerosStay: boolean): Evidence => ({
  ...before,
  tolerance: unbounded,
  zeroTolerance: zerosStay ? before.zeroTolerance : unbounded,
  signOnly: true,
});

/** After zero-mean noise of standard deviation sigma. It hides which entries were zero: the looser of both bounds holds for all. */
export function noised(known: Evidence, sigma: number): Evidence {
  if (sigma === 0) return known;
  const { each: _, ...before } = known;
  const tolerance = Math.max(before.tolerance, before.zeroTolerance);
  return { ...before, tolerance, zeroTolerance: tolerance, noise: Math.hypot(before.noise, sigma) };
}

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

/** |true - value| is at most this for one observed value. */
export const halfWidth = ({ tolerance, zeroTolerance }: Evidence, value: number): number =>
  value === 0 ? zeroTolerance : tolerance;

/** The true entry is the observed one times one positive factor of the whole tensor (1, unless the scale is unknown). */
export const isExactToScale = ({ tolerance, zeroTolerance, noise, signOnly }: Evidence): boolean =>
  tolerance === 0 && zeroTolerance === 0 && noise === 0 && !signOnly;

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

/** Every entry was rounded up or down at random, to known values, or was not touched (a tensor of zeros has no step). */
export const isRandomlyRounded = (e: Evidence): boolean =>
  e.tolerance === e.zeroTolerance && e.noise <= e.tolerance && !hidesScale(e);

/** Zero-mean noise of known size was added to every entry, and nothing else was done. */
export const isNoised = (e: Evidence): boolean => e.noise > 0 && isExact({ ...e, noise: 0 });

/** An observed entry other than 0 has the sign of the true one: random rounding stays within its bound, other noise does not. */
export const keepsSigns = ({ noise, tolerance }: Evidence): boolean =>
  noise === 0 || (tolerance > 0 && Number.isFinite(noise));
