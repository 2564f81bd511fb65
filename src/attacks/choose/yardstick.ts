import { ndarray, oneHot } from '../../core/arrays.js';
import { halfWidth, hidesScale, isSent } from '../../core/evidence.js';
import { dotInTurns as dot, sizesInTurns, sumOfParts } from '../../core/in-turns.js';
import { uniformStream } from '../../core/random.js';
import type { Evidence, NdArray, Observation } from '../../core/types.js';
import { compile, type Tensor4D } from '../../engine/index.js';
import { assumed, simulatedUpdate } from '../../federation/index.js';
import { mixesExamples } from '../../models/index.js';
import { PRIORS } from '../search/priors.js';
import { projectedData } from '../search/seen.js';

/** How well pictures explain an observed update. */
export interface Measured {
  /**
   * The yardstick: `unexplained`, of signs three times their share, + 0.03 `roughness`. Less is better.
   */
  readonly value: number;
  /** Mean share of the tensors that the pictures do not explain, 0 to 1, weighted by the log of their length. */
  readonly unexplained: number;
  /** The share of each tensor; NaN where phi left nothing to compare. */
  readonly shares: readonly number[];
  /** Colour total variation of the pictures, a mean per pixel. */
  readonly roughness: number;
  /** The update that the pictures would have given, one array per parameter. */
  readonly update: readonly NdArray[];
}

/** Pictures that were measured, and with which labels; not their update, as large as the network. */
export interface Note extends Pick<Measured, 'unexplained'> {
  readonly images: NdArray;
  readonly labels: Int32Array;
}

/** Measures pictures [batch, h, w, c] against one observation; with their own labels where an attack has some. */
export type Yardstick = (images: NdArray, labels?: Int32Array) => Promise<Measured>;

/** Between two explanations equally good, the smoother one is likelier a picture. */
const ROUGHNESS = 0.03;

/** Wrong signs are those of the smallest entries: their share of the length is a fraction of the error's. */
const SIGNS = 3;

/**
 * One yardstick for the pictures of all attacks, by what the server knows: the client is simulated on them, and per
 * tensor the share of the received update q that their update g does not explain, under what phi left known,
 *
 *     intervals    |relu(|g - q| - half-width)| / |q|
 *     noise        sqrt((|g - q|^2 - n sigma^2)+ / (|q|^2 - n sigma^2)); nothing where the noise drowns the tensor
 *     signs        sum relu(-g sign(q)) / sum |g|
 *     no scale     sqrt(1 - cos(g, q)^2)
 *
 * Every tensor counts, so neither one huge dense layer nor the convolutions alone decide.
 */
export function yardstick({ model, tensors, client, obfuscation }: Observation, labels: Int32Array): Yardstick {
  const complete = assumed(client).client;
  const weights = tensors.map(({ data }) => Math.log(1 + data.length));
  return async (images, own = labels) => {
    const targets = oneHot('rog', own, model.classes);
    const { delta } = await simulatedUpdate(model, images, targets, complete);
    const shares: number[] = [];
    for (const [k, { data }] of delta.entries()) {
      const evidence = obfuscation.evidence[k]!;
      const seen = evidence.projection ? projectedData(data, evidence.projection) : data;
      shares.push(isSent(evidence) ? await shareOf(seen, tensors[k]!.data, evidence) : Number.NaN);
    }
    const unexplained = weightedMean(shares, weights);
    const roughness = await roughnessOf(images);
    const errors = shares.map((share, k) => (obfuscation.evidence[k]!.signOnly ? SIGNS * share : share));
    const value = weightedMean(errors, weights) + ROUGHNESS * roughness;
    return { value, unexplained, shares, roughness, update: delta };
  };
}

/** The share of q that g does not explain, 0 to 1; NaN: q says nothing. */
async function shareOf(g: Float32Array, q: Float32Array, evidence: Evidence): Promise<number> {
  const { noise, signOnly } = evidence;
  if (signOnly) return share(await against(g, q), await sizesInTurns(g));
  const squares = await dot(q, q);
  if (hidesScale(evidence)) {
    const along = (await dot(g, q)) ** 2 / ((await dot(g, g)) || 1);
    return Math.sqrt(share(squares - along, squares));
  }
  if (noise > 0) {
    const power = q.length * noise * noise;
    // three standard deviations of the noise's power could be mistaken for a signal
    if (!(squares - power > 3 * noise * noise * Math.sqrt(2 * q.length))) return Number.NaN;
    return Math.sqrt(share((await apart(g, q)) - power, squares - power));
  }
  return Math.sqrt(share(await outside(g, q, evidence), squares));
}

// A loop each: a function called entry by entry from several places allocates every number.

/** sum relu(-g sign(q)) */
const against = (g: Float32Array, q: Float32Array): Promise<number> =>
  sumOfParts(g.length, (from, to, before) => {
    let all = before;
    for (let i = from; i < to; i++) all += Math.max(0, -g[i]! * Math.sign(q[i]!));
    return all;
  });

/** |g - q|^2 */
const apart = (g: Float32Array, q: Float32Array): Promise<number> =>
  sumOfParts(g.length, (from, to, before) => {
    let all = before;
    for (let i = from; i < to; i++) all += (g[i]! - q[i]!) ** 2;
    return all;
  });

/** |relu(|g - q| - half-width)|^2 */
const outside = (g: Float32Array, q: Float32Array, evidence: Evidence): Promise<number> =>
  sumOfParts(g.length, (from, to, before) => outsideIn({ g, q, evidence }, from, to, before));

interface Bounded {
  readonly g: Float32Array;
  readonly q: Float32Array;
  readonly evidence: Evidence;
}

function outsideIn({ g, q, evidence }: Bounded, from: number, to: number, before: number): number {
  const { tolerance, zeroTolerance, each } = evidence;
  let all = before;
  for (let i = from; i < to; i++) {
    const width = each ? halfWidth(evidence, q[i]!, i) : q[i] === 0 ? zeroTolerance : tolerance;
    all += Math.max(0, Math.abs(g[i]! - q[i]!) - width) ** 2;
  }
  return all;
}

/** left / whole between 0 and 1; NaN where there is no whole. */
const share = (left: number, whole: number): number =>
  whole > 0 ? Math.min(1, Math.max(0, left) / whole) : Number.NaN;

function weightedMean(values: readonly number[], weights: readonly number[]): number {
  const known = [...values.keys()].filter((k) => !Number.isNaN(values[k]!));
  const whole = known.reduce((total, k) => total + weights[k]!, 0);
  return whole > 0 ? known.reduce((total, k) => total + weights[k]! * values[k]!, 0) / whole : 0;
}

async function roughnessOf(images: NdArray): Promise<number> {
  const step = await compile((x) => PRIORS.colorTv(x as Tensor4D), [images], { name: 'roughness' });
  try {
    return (await step.run(images))[0]!.data[0]!;
  } finally {
    step.dispose();
  }
}

/** A gray: a picture that says nothing; with noise of 0.05 for batch norm in training mode, which wants contrast. */
export const grayOf = ({ model, client }: Pick<Observation, 'model' | 'client'>): NdArray => {
  const uniform = mixesExamples(model) ? uniformStream(1) : () => 0.5;
  return ndarray([client.batchSize, ...model.imageShape], () => 0.45 + 0.1 * uniform());
};
