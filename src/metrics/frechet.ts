import { problem } from '../core/errors.js';
import { eigen } from '../core/linear-algebra.js';
import type { NdArray } from '../core/types.js';

/**
 * Frechet distance of two sets of features, as if each were Gaussian:
 *
 *     |m_a - m_b|^2 + tr(C_a + C_b - 2 (C_a^1/2 C_b C_a^1/2)^1/2)
 *
 * with means m and covariances C (over n - 1). 0 for equal moments; not bounded. With taggerFeatures() it is a scale of
 * its own, not the FID of the Inception network: compare it with the distance of two sets of real images of the same
 * size.
 * @param a [n, d] and `b` [m, d], each with more than one row
 * Errors: shapes that do not fit, fewer than two rows.
 * Source: Heusel et al. 2017, section 4 (FID).
 */
export function frechetDistance(a: NdArray, b: NdArray): number {
  const width = a.shape[1];
  if (a.shape.length !== 2 || b.shape.length !== 2 || width !== b.shape[1] || a.shape[0]! < 2 || b.shape[0]! < 2)
    throw problem('frechetDistance', 'features must be [n, d] and [m, d] with n, m >= 2', [a.shape, b.shape]);
  const [p, q] = [moments(a), moments(b)];
  const shift = p.mean.reduce((sum, m, i) => sum + (m - q.mean[i]!) ** 2, 0);
  const root = square(p.covariance, Math.sqrt);
  const inner = product(product(root, q.covariance), root);
  const mixed = eigenvalues(inner).reduce((sum, value) => sum + Math.sqrt(Math.max(0, value)), 0);
  return shift + trace(p.covariance) + trace(q.covariance) - 2 * mixed;
}

type Square = readonly Float64Array[];

const trace = (m: Square): number => m.reduce((sum, row, i) => sum + row[i]!, 0);

const eigenvalues = (m: Square): Float64Array => eigen(symmetric(m)).values;

/** Rounding aside, the mean of a matrix and its transpose. */
const symmetric = (m: Square): Float64Array[] => m.map((row, i) => row.map((x, j) => (x + m[j]![i]!) / 2));

/** V f(values) V^T of a symmetric matrix. */
function square(m: Square, f: (value: number) => number): Float64Array[] {
  const { values, vectors } = eigen(m);
  const scaled = vectors.map((row) => row.map((x, k) => x * f(Math.max(0, values[k]!))));
  return scaled.map((row) => Float64Array.from(vectors, (other) => row.reduce((sum, x, k) => sum + x * other[k]!, 0)));
}

function product(a: Square, b: Square): Float64Array[] {
  return a.map((row) => {
    const out = new Float64Array(row.length);
    row.forEach((x, k) => {
      const other = b[k]!;
      for (let j = 0; j < out.length; j++) out[j]! += x * other[j]!;
    });
    return out;
  });
}

function moments({ shape, data }: NdArray): { mean: Float64Array; covariance: Float64Array[] } {
  const [n, d] = shape as [number, number];
  const mean = new Float64Array(d);
  for (let i = 0; i < n; i++) for (let k = 0; k < d; k++) mean[k]! += data[i * d + k]! / n;
  const covariance = Array.from({ length: d }, () => new Float64Array(d));
  for (let i = 0; i < n; i++)
    for (let k = 0; k < d; k++) {
      const [row, x] = [covariance[k]!, (data[i * d + k]! - mean[k]!) / (n - 1)];
      for (let j = 0; j < d; j++) row[j]! += x * (data[i * d + j]! - mean[j]!);
    }
  return { mean, covariance };
}
