import { WEIGHTS } from './covariate-weights.js';
import type { Signs } from './signs.js';

const within = (value: number, low: number, high: number): number => Math.min(high, Math.max(low, value));

/** What the expectation goes by, by name: a number for each picture. */
export const COVARIATES = {
  one: () => 1,
  left: ({ left }) => within(left, 0, 1.5),
  logLeft: ({ left }) => Math.log10(within(left, 0, 1.5) + 0.01),
  coarse: ({ coarse }) => within(coarse, 0, 2),
  detail: ({ left, coarse }) => within(within(coarse, 0, 2) - within(left, 0, 1.5), -1, 1),
  bits: (signs) => bitsOf(signs),
  explainedBits: (signs) => (1 - within(signs.left, 0, 1)) * bitsOf(signs),
  logImages: ({ images }) => Math.log2(images),
  repeated: ({ repeated }) => repeated,
  logTensors: ({ tensors }) => Math.log2(tensors),
  solved: ({ solved }) => Number(solved),
  decided: ({ decided = 0 }) => Math.sqrt(decided),
  decidedExplained: ({ decided = 0, left }) => Math.sqrt(decided) * (1 - within(left, 0, 1)),
  decidedBits: (signs) => Math.sqrt(signs.decided ?? 0) * bitsOf(signs),
  several: ({ steps }) => Number(steps > 1),
  logRoughness: ({ roughness }, b) => logOf(roughness[b]!),
  logRoughnessSquared: ({ roughness }, b) => logOf(roughness[b]!) ** 2,
  grain: ({ grain }, b) => grain[b]!,
  grainSquared: ({ grain }, b) => grain[b]! ** 2,
  grainBits: (signs, b) => signs.grain[b]! * bitsOf(signs),
  logContrast: ({ contrast }, b) => logOf(contrast[b]!),
} satisfies Record<keyof typeof WEIGHTS, (signs: Signs, b: number) => number>;

const bitsOf = ({ bits }: Signs): number => within(bits, -2, 8);
const logOf = (value: number): number => Math.log(within(value, 0.005, 1));

/** The covariates of picture b, in the order of the table. */
export const covariatesOf = (signs: Signs, b: number): number[] =>
  Object.values(COVARIATES).map((of: (signs: Signs, b: number) => number) => of(signs, b));

/** 1 / (1 + exp(-w . x)). */
export const logistic = (weights: readonly number[], x: readonly number[]): number =>
  1 / (1 + Math.exp(-x.reduce((sum, value, k) => sum + value * weights[k]!, 0)));

/**
 * Of each picture the SSIM to the private image that the server may expect, 0 to 1:
 *
 *     E[SSIM] = 1 / (1 + exp(-w . x)),   x the covariates of the picture (COVARIATES)
 *
 * x holds what the pictures leave unexplained of the update (over that of a gray, and with their detail taken away),
 * the bits
 * received per pixel value, the client's settings, and each picture's own roughness, grain and contrast: never the
 * truth. w is
 * a logistic regression on attacks whose SSIM is known, fitted by `npm run quality -- --calibrate` on the rows of
 * data/results/confidence.json; docs/results.md says how well it holds on networks, images and phis that were not
 * fitted on. A mean over
 * many pictures is right within a few hundredths; of one picture it is off by 0.15 on average.
 */
export const expectedSsim = (signs: Signs): number[] =>
  signs.roughness.map((_, b) =>
    logistic(
      Object.keys(COVARIATES).map((name) => WEIGHTS[name as keyof typeof WEIGHTS]),
      covariatesOf(signs, b),
    ),
  );
