import { problem } from '../core/errors.js';
import { eigen, functionOf, type Matrix, mapped, matrix, moments, product, rowsOf } from '../core/linear-algebra.js';
import type { NdArray } from '../core/types.js';

/**
 * Frechet distance of two sets of features, as if each were Gaussian:
 *
 *     |m_a - m_b|^2 + tr(C_a + C_b - 2 (C_a^1/2 C_b C_a^1/2)^1/2)
 *
 * with means m and covariances C (over n - 1). 0 for equal moments; not bounded. With taggerFeatures() it is a scale of
 * its own, not the FID of the Inception network: compare it with the distance of two sets of real images of the same
 * size.
 * Source: Heusel et al. 2017, section 4 (FID).
 * @param a [n, d] and `b` [m, d], each with more than one row
 * @throws shapes that do not fit, fewer than two rows
 */
export function frechetDistance(a: NdArray, b: NdArray): number {
  const width = a.shape[1];
  if (a.shape.length !== 2 || b.shape.length !== 2 || width !== b.shape[1] || a.shape[0]! < 2 || b.shape[0]! < 2)
    throw problem('frechetDistance', 'features must be [n, d] and [m, d] with n, m >= 2', [a.shape, b.shape]);
  const [p, q] = [a, b].map(({ shape: [rows], data }) => moments(rowsOf(matrix(rows!, width!, data)), 1)) as [
    Moments,
    Moments,
  ];
  const shift = p.mean.reduce((sum, m, i) => sum + (m - q.mean[i]!) ** 2, 0);
  const root = functionOf(p.covariance, (value) => Math.sqrt(Math.max(0, value)));
  const inner = product(product(root, q.covariance), root);
  const { values } = eigen(rowsOf(mapped(inner, (x, i, j) => (x + inner.data[j * inner.columns + i]!) / 2)));
  const mixed = values.reduce((sum, value) => sum + Math.sqrt(Math.max(0, value)), 0);
  return shift + trace(p.covariance) + trace(q.covariance) - 2 * mixed;
}

type Moments = ReturnType<typeof moments>;

const trace = (m: Matrix): number => rowsOf(m).reduce((sum, row, i) => sum + row[i]!, 0);
