import { checkArguments } from '../core/arguments.js';
import { problem } from '../core/errors.js';
import { sum } from '../core/numbers.js';
import { checkOptions, integer, number } from '../core/options.js';
import { deriveSeed, normalStream } from '../core/random.js';
import type { Layer, Model, NdArray, Observation } from '../core/types.js';
import { unrolls } from '../federation/index.js';
import { draws, isKinked, someLayer } from '../models/index.js';
import { cramerRao, psnrOf, spectralCramerRao } from '../privacy/index.js';
import { type Jacobian, unknownsOf, updateJacobian } from './jacobian.js';
import { noiseLaw } from './noise-law.js';
import { ritzValues, squaredNorm } from './spectrum.js';

/** Options of {@link bayesianBound}. */
export interface BayesianBoundOptions {
  /** s: standard deviation of every pixel about `priorMean` in the prior, > 0; default 0.25. */
  readonly priorDeviation?: number;
  /** Default 0.5. */
  readonly priorMean?: number;
  /** Closures for ||J||_F^2, each with pictures of its own; default 16, at least 2. */
  readonly samples?: number;
  /** Lanczos steps for the spectral form, two closures each for each of four pictures; default 0: none. */
  readonly lanczos?: number;
  /** Default 1. */
  readonly seed?: number;
  /** [batch, height, width, channels] at which J is taken, not at draws from the prior: an indication then. */
  readonly images?: NdArray;
  /** Of the batch; default those that the server knows. */
  readonly labels?: Int32Array;
  /** One made by updateJacobian() for this client and these labels, to use again; default one of its own. */
  readonly jacobian?: Jacobian;
}

/** The least error that a prior and the noise of an update leave. */
export interface BayesianBound {
  /** Lower bound of the mean squared error per pixel value. */
  readonly mse: number;
  /** -10 log10(mse), dB: an upper bound of the PSNR of the mean squared error. */
  readonly psnr: number;
  /** 95 % interval of mse, from the sampling of ||J||_F^2. */
  readonly interval: readonly [low: number, high: number];
  /** Spectral form, at least mse; where Lanczos steps were asked for. */
  readonly spectral?: number;
  /** E ||J||_F^2 over the noise, and its standard error. */
  readonly trace: number;
  readonly standardError: number;
  /** `promise`: for every attacker, on average over the prior's pictures. `indication`: some assumption fails. */
  readonly kind: 'promise' | 'indication';
  /** For `indication`: which assumptions do not hold. */
  readonly because: readonly string[];
}

const OPTIONS = ['priorDeviation', 'priorMean', 'samples', 'lanczos', 'seed', 'images', 'labels', 'jacobian'];
const PICTURES_OF_LANCZOS = 4;

/**
 * MSE >= 1 / (E ||J||_F^2 / (d sigma^2) + 1 / s^2): the van Trees (Bayesian Cramer-Rao) bound on every attack on an
 * update g(x) + N(0, sigma^2), averaged over pictures x ~ N(m, s^2) of independent pixels; J = dg/dx through the local
 * steps, d pixel values, E over the prior. Laplace noise has twice the information. Several images: in the batch's
 * order, all with this prior. A promise needs noise of an announced size as phi's first operator, a network without
 * kinks (relu and max pooling make an update jump, and jumps tell more than J does), J averaged over the prior; else
 * it is an indication.
 * Source: van Trees 1968, section 2.4.3; Gill and Levit 1995, theorem 1.
 * @throws no labels; an observation whose phi leaves entries without noise (undefined is returned by `boundOf` instead)
 * @example (await rog.bounds.bayesianBound(observed, { priorDeviation: 0.1 })).psnr
 */
export async function bayesianBound(
  observation: Observation,
  options: BayesianBoundOptions = {},
): Promise<BayesianBound> {
  const found = await boundOf(observation, options);
  if (found) return found;
  const fix = 'e.g. gaussianNoise({ sigma }); noise inside the local steps has robustness() and privacyBudget()';
  throw problem('bayesianBound', 'phi must put noise on every entry of the update', observation.obfuscation.name, fix);
}

/** The same, undefined where the noise of phi bounds nothing. */
export async function boundOf(
  observation: Observation,
  options: BayesianBoundOptions = {},
): Promise<BayesianBound | undefined> {
  checkArguments('bayesianBound', 'bayesianBound(observation, options)', { observation });
  checkOptions('bayesianBound', options, OPTIONS);
  const { priorDeviation = 0.25, priorMean = 0.5, samples = 16, lanczos = 0, seed = 1, images } = options;
  number('bayesianBound', 'priorDeviation', priorDeviation, 0, Number.POSITIVE_INFINITY, true);
  number('bayesianBound', 'priorMean', priorMean, -1e6, 1e6);
  integer('bayesianBound', 'samples', samples, 2);
  integer('bayesianBound', 'lanczos', lanczos, 0);
  const { model, client } = observation;
  const labels = options.labels ?? observation.labels;
  if (!labels) {
    const fix = 'labels: those of the batch; not to know them only bounds more';
    throw problem('bayesianBound', 'the labels are needed', undefined, fix);
  }
  const law = noiseLaw(observation);
  if (!law) return undefined;
  const jacobian = options.jacobian ?? (await updateJacobian(model, client, labels));
  try {
    const next = normalStream(deriveSeed(seed, 'prior'));
    const draw = (): NdArray => ({
      shape: jacobian.images,
      data: new Float32Array(unknownsOf(jacobian)).map(() => priorMean + priorDeviation * next()),
    });
    const pictures = Array.from({ length: samples }, () => images ?? draw());
    const { mean, standardError } = await squaredNorm(jacobian, pictures, seed, law.deviations);
    const about = { unknowns: unknownsOf(jacobian), priorVariance: priorDeviation ** 2 };
    const trace = law.information * mean;
    const error = law.information * standardError;
    const at = (value: number): number => cramerRao({ ...about, trace: Math.max(0, value) });
    const because = reasons(observation, images !== undefined, law.but);
    return {
      mse: at(trace),
      psnr: psnrOf(at(trace)),
      interval: [at(trace + 1.96 * error), at(trace - 1.96 * error)],
      ...(lanczos > 0 && {
        spectral: await spectralForm(jacobian, images ? [images] : pictures, trace, {
          ...law,
          ...about,
          lanczos,
          seed,
        }),
      }),
      trace,
      standardError: error,
      kind: because.length ? 'indication' : 'promise',
      because,
    };
  } finally {
    if (!options.jacobian) jacobian.dispose();
  }
}

interface Spectral {
  readonly deviations: readonly number[];
  readonly information: number;
  readonly unknowns: number;
  readonly priorVariance: number;
  readonly lanczos: number;
  readonly seed: number;
}

/** The Ritz values are diagonal in some orthonormal basis: with the trace they bound as eigenvalues do (Peierls). */
async function spectralForm(
  jacobian: Jacobian,
  pictures: readonly NdArray[],
  trace: number,
  { deviations, information, unknowns, priorVariance, lanczos, seed }: Spectral,
): Promise<number> {
  const few = pictures.slice(0, PICTURES_OF_LANCZOS);
  const ritz = await ritzValues(jacobian, few, { steps: lanczos, seed, deviations });
  const values = ritz.map((value) => value * information);
  const rest = Math.max(0, trace - sum(values));
  return spectralCramerRao(values, { unknowns, priorVariance, rest });
}

/** Kinks too slight to stop a search count here: derivatives are taken for the truth. */
const jumps = (layer: Layer): boolean =>
  isKinked(layer) || layer.kind === 'hardswish' || (layer.kind === 'elu' && (layer.alpha ?? 1) !== 1);

function reasons(
  { model, client }: { model: Model; client: Observation['client'] },
  fixed: boolean,
  but?: string,
): string[] {
  return [
    but,
    someLayer(model.layers, jumps) &&
      'the network has kinks (relu, max pooling): its updates jump, which tells more than derivatives do',
    draws(model) && 'dropout masks or the noise of a bottleneck are drawn at random',
    fixed && 'derivatives were taken at given pictures, not averaged over the prior',
    !unrolls(model, client, 'forward') &&
      'the local steps are too many to differentiate through: as many gradients at w0 were taken',
  ].filter((one) => typeof one === 'string');
}
