import { COVARIATES, covariatesOf, logistic } from '../attacks/confidence/expected.js';
import { matrix, solve } from '../core/linear-algebra.js';
import { mean } from '../core/numbers.js';
import type { MatrixRow } from './matrix.js';

/** One picture of an attack whose truth is known. */
export interface Judged {
  readonly network: string;
  readonly attack: string;
  readonly x: readonly number[];
  readonly ssim: number;
  /** Pictures of one attack say much the same: each counts 1 / sqrt(batch), twice where it is the default's. */
  readonly weight: number;
}

/** The pictures of rows of the matrix that keep what the server could measure. */
export const picturesOf = (rows: readonly MatrixRow[]): Judged[] =>
  rows.flatMap(({ network, reached }) =>
    Object.entries(reached).flatMap(([attack, result]) =>
      result?.signs
        ? result.ssim.map((ssim, b) => ({
            network,
            attack,
            ssim,
            x: covariatesOf(result.signs!, b),
            weight: (attack === 'default' ? 2 : 1) / Math.sqrt(result.ssim.length),
          }))
        : [],
    ),
  );

/** Strength of the ridge on standardised weights, the constant's aside. */
const RIDGE = 1;

/** Newton steps: it stands still after ten. */
const STEPS = 30;

/** Weights of the logistic regression of SSIM on standardised covariates, by reweighted least squares, ridge 1. */
export function fitted(pictures: readonly Judged[]): number[] {
  const width = Object.keys(COVARIATES).length;
  const columns = Array.from({ length: width }, (_, k) => pictures.map(({ x }) => x[k]!));
  const centre = columns.map((column, k) => (k === 0 ? 0 : mean(column)));
  const scale = columns.map((column, k) =>
    k === 0 ? 1 : Math.sqrt(column.reduce((sum, v) => sum + (v - centre[k]!) ** 2, 0) / column.length) || 1,
  );
  const rows = pictures.map(({ x }) => x.map((value, k) => (value - centre[k]!) / scale[k]!));
  let w = Array<number>(width).fill(0);
  for (let step = 0; step < STEPS; step++) {
    const normal = Array.from({ length: width }, (_, i) =>
      Array.from({ length: width }, (_, j) => (i === j && i > 0 ? RIDGE : 0)),
    );
    const right = w.map((value, k) => (k > 0 ? -RIDGE * value : 0));
    pictures.forEach(({ ssim, weight }, n) => {
      const z = rows[n]!;
      const p = logistic(w, z);
      const curve = weight * Math.max(1e-4, p * (1 - p));
      const slope = weight * (Math.min(1, Math.max(0, ssim)) - p);
      for (let i = 0; i < width; i++) {
        right[i]! += slope * z[i]!;
        for (let j = 0; j < width; j++) normal[i]![j]! += curve * z[i]! * z[j]!;
      }
    });
    const by = solve(matrix(width, width, normal.flat()), matrix(width, 1, right)).data;
    w = w.map((value, k) => value + by[k]!);
  }
  const plain = w.map((value, k) => value / scale[k]!);
  plain[0] = w[0]! - plain.reduce((sum, value, k) => sum + (k > 0 ? value * centre[k]! : 0), 0);
  return plain;
}

/** One bin of a reliability diagram. */
export interface Bin {
  readonly predicted: number;
  readonly achieved: number;
  readonly pictures: number;
}

/** How well predictions hold. */
export interface Reliability {
  readonly bins: readonly Bin[];
  /** Expected calibration error: mean |predicted - achieved| over the bins, by their pictures. */
  readonly error: number;
  /** Mean |predicted - achieved| of single pictures. */
  readonly each: number;
  /** Correlation of predicted and achieved. */
  readonly correlation: number;
  readonly pictures: number;
}

/** Reliability of predictions p of the SSIM of pictures, in bins of equal width (Naeini et al. 2015). */
export function reliability(p: readonly number[], ssim: readonly number[], bins = 10): Reliability {
  const members = Array.from({ length: bins }, (_, k) =>
    [...p.keys()].filter((i) => Math.min(bins - 1, Math.floor(p[i]! * bins)) === k),
  ).filter(({ length }) => length > 0);
  const found = members.map((of) => ({
    predicted: mean(of.map((i) => p[i]!)),
    achieved: mean(of.map((i) => ssim[i]!)),
    pictures: of.length,
  }));
  const [mp, ms] = [mean(p), mean(ssim)];
  const spread = (values: readonly number[], centre: number) =>
    Math.sqrt(mean(values.map((value) => (value - centre) ** 2)));
  return {
    bins: found,
    error: found.reduce((sum, bin) => sum + (bin.pictures / p.length) * Math.abs(bin.predicted - bin.achieved), 0),
    each: mean(p.map((value, i) => Math.abs(value - ssim[i]!))),
    correlation: mean(p.map((value, i) => (value - mp) * (ssim[i]! - ms))) / (spread(p, mp) * spread(ssim, ms)),
    pictures: p.length,
  };
}

/** Predictions for the pictures of every network by a fit on those of all others. */
export function heldOut(pictures: readonly Judged[]): { readonly picture: Judged; readonly predicted: number }[] {
  return [...new Set(pictures.map(({ network }) => network))].flatMap((network) => {
    const weights = fitted(pictures.filter((picture) => picture.network !== network));
    return pictures
      .filter((picture) => picture.network === network)
      .map((picture) => ({ picture, predicted: logistic(weights, picture.x) }));
  });
}

/** Weights by the name of their covariate, six digits. */
export const asTable = (weights: readonly number[]): Record<string, number> =>
  Object.fromEntries(Object.keys(COVARIATES).map((name, k) => [name, Number(weights[k]!.toPrecision(6))]));
