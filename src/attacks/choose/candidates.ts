import { sizeOf } from '../../core/arrays.js';
import { isSent } from '../../core/evidence.js';
import type { AttackSteps, NdArray, Observation } from '../../core/types.js';
import { ANALYTIC_NEEDS, quotients } from '../analytic.js';
import { solving } from '../closed-form/closed-form.js';
import { readHead } from '../closed-form/head.js';
import { closedFormDeclines, needsMeasuring } from '../closed-form/suits.js';
import { isFinelyRounded, noisePart } from '../search/fine.js';
import { offers } from '../search/needs.js';
import { isNoisedFirmly } from '../search/noise-weight.js';
import type { PriorName } from '../search/priors.js';
import type { RunOptions } from '../search/recipe.js';
import { quotientError } from './quotient-error.js';
import { errsBySteps } from './unbiased.js';

/** What is passed on to a candidate. */
export interface Given extends Omit<RunOptions, 'onProgress' | 'restarts'> {
  /** Default: the attack's own. */
  readonly iterations?: number;
  readonly prior?: PriorName;
  readonly weight?: number;
}

/** An attack that rog() may take, for observations that fulfil its equations. */
export interface Candidate {
  readonly name: string;
  /** Why it has nothing to offer here, or undefined: by what the server knows. */
  readonly declines: (observation: Observation, labels: Int32Array) => Promise<string | undefined>;
  /**
   * The share of what an even gray leaves unexplained up to which its pictures are taken as they are; beyond,
   * gradient matching goes
   * on from them. 0 where its equations are not enough for every pixel.
   */
  readonly enough: (observation: Observation) => number;
  /** Root mean square error of its pictures by its own equations, whatever later layers make of them. */
  readonly errsBy?: (observation: Observation, images: NdArray) => number;
  /** Whether it is left out where nothing is measured; default: never. */
  readonly needsMeasuring?: (observation: Observation) => boolean;
  /** Whether its least squares average out noise that gradient matching would fit. */
  readonly averages?: true;
  /** Whether gradient matching from its pictures, with the prior that noise asks for, is nearer; default: never. */
  readonly mended?: (observation: Observation, labels: Int32Array) => boolean;
  /** Whether what it makes of an update that its own pictures give tells by how much it errs; default: never. */
  readonly corrects?: (observation: Observation) => boolean;
  readonly steps: (observation: Observation, given: Given) => AttackSteps;
}

/** Of a head behind convolutions: gradient matching overfits more than that. */
const EXPLAINED = 0.75;

/** Of fine rounding it overfits less: nothing is hidden, and the closed form takes its bounds for noise. */
const EXPLAINED_BY_ROUNDED = 0.1;

/** Several steps that were sent as they are leave a single gradient more; matching then simulates them all. */
const EXPLAINED_BY_STEPS = 0.2;

/** One image read off one neuron is exact, or rounded as coarsely as that neuron's weights. */
const EXPLAINED_BY_ONE = 0.05;

/** Features that are the pixels themselves leave no more than wrong masks do. */
const EXPLAINED_BY_PIXELS = 0.4;

/** Noise's part of what was received from which on matching mends a head behind convolutions: about 0 dB. */
const LOUD = 0.45;

/** The same of features that are the pixels, which the closed form knows better: about -4 dB. */
const LOUDER = 0.7;

/**
 * Attacks that solve equations, the cheapest first: each is tried where it does not decline, and the first whose
 * pictures explain
 * the whole update is taken. Gradient matching, which needs no equations, comes after them.
 */
export const SOLVERS: readonly Candidate[] = [
  {
    name: 'analytic',
    declines: async (observation) => {
      if (!offers(observation, ANALYTIC_NEEDS)) return 'the first layer is not dense with bias';
      if (observation.client.batchSize > 1) return 'a neuron mixes several images';
      if (observation.obfuscation.evidence.slice(0, 2).some((e) => !isSent(e) || e.projection))
        return 'the first layer was not sent whole';
      return undefined;
    },
    enough: () => EXPLAINED_BY_ONE,
    errsBy: quotientError,
    steps: quotients,
  },
  {
    name: 'closed-form',
    averages: true,
    mended: (observation, labels) =>
      isNoisedFirmly(observation) &&
      new Set(labels).size === labels.length &&
      noisePart(observation) >= (readHead(observation).body.length > 0 ? LOUD : LOUDER),
    corrects: (observation) => errsBySteps(observation) && readHead(observation).body.length === 0,
    declines: closedFormDeclines,
    needsMeasuring,
    enough: (observation) => {
      const { first, body } = readHead(observation);
      if (body.length === 0) return observation.client.localSteps > 1 ? 0 : EXPLAINED_BY_PIXELS;
      if (needsMeasuring(observation)) return EXPLAINED_BY_STEPS;
      if (observation.client.batchSize === 1 || first.weights.rows < sizeOf(observation.model.imageShape)) return 0;
      return isFinelyRounded(observation) ? EXPLAINED_BY_ROUNDED : EXPLAINED;
    },
    steps: solving,
  },
];
