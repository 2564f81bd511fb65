import { sum } from '../core/numbers.js';
import { bounded, EXACT, hidesScale, isExact, isSent, isUnknown, UNKNOWN, type Widths, widthsOf } from './evidence.js';
import type { Evidence, Projection } from './types.js';

/**
 * What is known of sum_c share_c g_c by one who sees sum_c share_c q_c and no q_c alone, from what each q_c would say
 * of its g_c: bounds add up, an entry's looser one counts, since nobody sees whose zero it was; noises add in
 * quadrature. Errors of independent roundings within bounds w_c are taken as noise besides, of variance sum_c
 * share_c^2 w_c^2 / 3: they meet at their bounds almost never. Where a client's scale, signs alone or another part of
 * the tensor is all that is known, nothing is of the sum: its direction is left.
 */
export function summedEvidence(each: readonly Evidence[], shares: readonly number[]): Evidence {
  const [first] = each;
  if (!first || each.length === 1) return first ?? EXACT;
  if (each.every(isExact)) return EXACT;
  if (each.every((e) => !isSent(e))) return first;
  const lost = (e: Evidence): boolean => hidesScale(e) || isUnknown(e) || !isSent(e);
  if (each.some(lost) || !each.every((e) => sameProjection(e.projection, first.projection))) return UNKNOWN;
  const width = added(each, shares);
  const variances = each.map((e, c) => (shares[c]! * (e.noise || finite(widest(e)) / Math.sqrt(3))) ** 2);
  const noise = Math.sqrt(sum(variances));
  const known = bounded({ ...first, noise }, width, width);
  const apart = each.some((e) => e.noise > 0 && e.tolerance === 0) && known.tolerance > 0;
  const blurred = apart || each.some((e) => e.blurred);
  return { ...known, ...(blurred && { blurred }), ...(known.tolerance > 0 && { crossesZero: true }) };
}

const finite = (value: number): number => (Number.isFinite(value) ? value : 0);

const widest = ({ tolerance, zeroTolerance }: Evidence): number => Math.max(tolerance, zeroTolerance);

/** sum_c share_c max(kept_c, zero_c), of each entry or channel where they differ. */
function added(each: readonly Evidence[], shares: readonly number[]): Widths {
  const widths = each.map(widthsOf);
  const at = (w: Widths, i: number): number => (typeof w === 'number' ? w : w[i % w.length]!);
  const sum = (i: number): number =>
    widths.reduce((all, { kept, zero }, c) => all + shares[c]! * Math.max(at(kept, i), at(zero, i)), 0);
  const length = Math.max(
    ...widths.flatMap(({ kept, zero }) => [kept, zero].map((w) => (typeof w === 'number' ? 1 : w.length))),
  );
  return length === 1 ? sum(0) : Float32Array.from({ length }, (_, i) => sum(i));
}

const sameProjection = (a: Projection | undefined, b: Projection | undefined): boolean =>
  a === b || (a?.rank === b?.rank && !!a && !!b && a.basis.every((value, i) => value === b.basis[i]));
