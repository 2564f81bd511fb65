/** The sum in the order of the list. */
export function sum(values: ArrayLike<number>): number {
  let total = 0;
  for (let i = 0; i < values.length; i++) total += values[i]!;
  return total;
}

/** The mean; NaN of no values. */
export const mean = (values: ArrayLike<number>): number => sum(values) / values.length;

/** The middle of the sorted values, or the mean of the two middle ones. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

/** sum_i a_i b_i, over the entries of `a`. */
export function dot(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let total = 0;
  for (let i = 0; i < a.length; i++) total += a[i]! * b[i]!;
  return total;
}

/** |x|^2 of an array of floats: `dot` of all kinds of lists takes several times as long. */
export function squaredLength(x: Float32Array): number {
  let total = 0;
  for (let i = 0; i < x.length; i++) total += x[i]! * x[i]!;
  return total;
}

/** exp(x_i) / sum_j exp(x_j). */
export function softmax(logits: Float64Array): Float64Array {
  const top = logits.reduce((a, b) => Math.max(a, b));
  const powers = logits.map((z) => Math.exp(z - top));
  const total = sum(powers);
  return powers.map((p) => p / total);
}

/** From 1 at part 0 down to 0 at part 1, along half a cosine. */
export const halfCosine = (part: number): number => (1 + Math.cos(Math.PI * part)) / 2;
