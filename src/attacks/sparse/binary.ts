import { type Entries, leastSquares, type Matrix, matrix } from '../../core/linear-algebra.js';
import { sum } from '../../core/numbers.js';

/** A vector mask o (W2 mix) that lies in a row space, or nearly so. */
export interface Binary {
  /** 1 where the unit is active, else 0 [units]. */
  readonly mask: Uint8Array;
  /** P - Y of its image, divided by 1 - P at its class: -1 there, elsewhere not negative with sum 1 [classes]. */
  readonly mix: Float64Array;
  /** Its share outside the row space, 0 to 1. */
  readonly residual: number;
}

/** Alternations from a start, and of the refinement. */
const SETTLING = 60;
const REFINING = 8;

/**
 * The nearest vector of the form mask o g, entries 0 or g_r, to the row space with orthonormal basis V [units, rank],
 * by turns from a start: project on the space, then decide for every unit whether 0 or g_r is nearer. Changes nothing
 * when it settles.
 */
export function settle(basis: Matrix, g: Float64Array, start: Uint8Array): Uint8Array {
  let mask = start;
  for (let turn = 0; turn < SETTLING; turn++) {
    const next = decide(projected(basis, g, mask), g);
    if (next.every((on, u) => on === mask[u])) return next;
    mask = next;
  }
  return mask;
}

/**
 * The same with the mix free: by turns the mix that leaves least of mask o (W2 mix) outside the row space (linear least
 * squares in C - 2 unknowns), then the mask. Where there are too many classes to tell, the mix stays.
 * @param start of a class: the mix, and g = W2 mix
 */
export function refine(
  basis: Matrix,
  weights: Entries,
  { label, ...start }: { readonly label: number; readonly mix: Float64Array; readonly g: Float64Array },
  mask: Uint8Array,
): Binary {
  const free = 2 * (basis.columns + weights.columns) < basis.rows && weights.columns > 2;
  let [now, best, g] = [mask, start.mix, start.g];
  for (let turn = 0; turn < REFINING; turn++) {
    const found = free ? mixFor(basis, weights, label, now) : undefined;
    if (found) [best, g] = [found, errorsOf(weights, found)];
    const next = decide(projected(basis, g, now), g);
    const settled = next.every((on, u) => on === now[u]);
    now = next;
    if (settled) break;
  }
  return { mask: now, mix: best, residual: outside(basis, g, now) };
}

/** W2 mix: the back-propagated error of every unit, were it active. */
export function errorsOf({ rows, columns, data }: Entries, mix: Float64Array): Float64Array {
  const out = new Float64Array(rows);
  for (let u = 0; u < rows; u++) for (let j = 0; j < columns; j++) out[u] = out[u]! + data[u * columns + j]! * mix[j]!;
  return out;
}

/** V V^T (mask o g). */
function projected({ rows, columns, data }: Matrix, g: Float64Array, mask: Uint8Array): Float64Array {
  const along = new Float64Array(columns);
  for (let u = 0; u < rows; u++)
    if (mask[u]) for (let k = 0; k < columns; k++) along[k] = along[k]! + g[u]! * data[u * columns + k]!;
  const out = new Float64Array(rows);
  for (let u = 0; u < rows; u++) {
    let sum = 0;
    for (let k = 0; k < columns; k++) sum += data[u * columns + k]! * along[k]!;
    out[u] = sum;
  }
  return out;
}

const decide = (v: Float64Array, g: Float64Array): Uint8Array =>
  Uint8Array.from(v, (value, u) => Number(value * Math.sign(g[u]!) > Math.abs(g[u]!) / 2));

/** |x - V V^T x| / |x| for x = mask o g; 1 for an empty mask. */
function outside(basis: Matrix, g: Float64Array, mask: Uint8Array): number {
  const inside = projected(basis, g, mask);
  let [away, all] = [0, 0];
  inside.forEach((value, u) => {
    const x = mask[u] ? g[u]! : 0;
    away += (x - value) ** 2;
    all += x * x;
  });
  return all > 0 ? Math.sqrt(away / all) : 1;
}

/** argmin over mixes with -1 at the label and sum 0 of |(I - V V^T) (mask o W2 mix)|; undefined for an empty mask. */
function mixFor(basis: Matrix, weights: Entries, label: number, mask: Uint8Array): Float64Array | undefined {
  if (!mask.some(Boolean)) return undefined;
  const { rows: units, columns: classes } = weights;
  const others = Array.from({ length: classes }, (_, j) => j).filter((j) => j !== label);
  const left = Array.from({ length: classes }, (_, j) => {
    const column = Float64Array.from({ length: units }, (_, u) => weights.data[u * classes + j]!);
    const inside = projected(basis, column, mask);
    return inside.map((value, u) => (mask[u] ? column[u]! : 0) - value);
  });
  const [first, ...rest] = others as [number, ...number[]];
  const unknown = matrix(units, rest.length);
  const known = matrix(units, 1);
  for (let u = 0; u < units; u++) {
    known.data[u] = left[label]![u]! - left[first]![u]!;
    rest.forEach((j, k) => {
      unknown.data[u * rest.length + k] = left[j]![u]! - left[first]![u]!;
    });
  }
  const solved = leastSquares(unknown, known, 1e-12).data;
  const mix = new Float64Array(classes);
  mix[label] = -1;
  mix[first] = 1 - sum(solved);
  rest.forEach((j, k) => {
    mix[j] = solved[k]!;
  });
  return mix;
}
