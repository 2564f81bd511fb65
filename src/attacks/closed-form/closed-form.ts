import { checkImages } from '../../core/arrays.js';
import { checkOptions, integer, number, oneOf } from '../../core/options.js';
import type { NdArray, Observation, Progress, Reconstruction } from '../../core/types.js';
import { interrupts } from '../../engine/index.js';
import { labelsOf } from '../labels.js';
import { asProgress, clamped, minimise, type SearchState, searchStart } from '../minimise.js';
import { checkNeeds, checkObservation, type Needs, taken } from '../needs.js';
import { PRIORS, type PriorName } from '../priors.js';
import { finish, type RunOptions } from '../recipe.js';
import { confidences } from './confidence.js';
import { readHead } from './head.js';
import { COMPARISONS, type Comparison, inversion } from './invert.js';
import { features, meanFeatures, syntheticImages } from './prior.js';
import { recover, refreshed } from './recover.js';
import { refreshesAfter, searchFor, tuningFor } from './tuning.js';

/** Options of {@link closedForm}. */
export interface ClosedFormOptions extends Omit<RunOptions, 'checkpoint' | 'restarts'> {
  /** Steps of the feature inversion, one forward and one backward pass of the convolutions each; default 200. */
  readonly iterations?: number;
  /** How pictures are compared with what was recovered; default: the one that fits phi. */
  readonly objective?: Comparison;
  /** Prior on the pictures; default `colorTv`. */
  readonly prior?: PriorName;
  /** Weight of the prior beside the objective; default by objective. */
  readonly weight?: number;
  /**
   * Pictures [n, h, w, c] that the server holds typical: their mean features start the recovery.
   * Default: 64 synthetic ones, smooth noise, so that no data is needed.
   */
  readonly typical?: NdArray;
  /** Whether the attack knows phi; default true. */
  readonly defenseAware?: boolean;
}

const OPTIONS = [
  'seed',
  'onProgress',
  'signal',
  'iterations',
  'objective',
  'prior',
  'weight',
  'typical',
  'defenseAware',
];

/** What {@link closedForm} needs. */
export const CLOSED_FORM_NEEDS: Needs = { labels: 'readable', denseHead: true };

/**
 * The closed-form batch attack: every image's hidden activations, errors and features by linear algebra, then pictures
 * with those features. For networks that end in dense - ReLU - dense, with images X = features [B, D]:
 *
 *     G2 = H^T (P - Y) / B           last layer's update: linear in the activations H          (activations.ts)
 *     delta = (P - Y) W2^T o [H > 0] / B      the errors, exactly, row by row
 *     G1 = X^T delta                 first dense layer's update: linear in the features X      (features.ts)
 *     min over x of D(features(x)^T delta, G1) + weight prior(x),   delta frozen               (invert.ts)
 *
 * Without obfuscation and with distinct labels X is exact. After phi, intervals, noise and dropped entries enter both
 * linear systems, and errors of G1 average out over its hundreds of columns. The search for pictures costs one ordinary
 * backward pass a step: no gradient of a gradient. FedAvg's update is taken for local steps times one gradient.
 *
 * Repeated labels and trained networks: where the update is exact, its row space gives every image's mask and errors by
 * itself (sparse/separate.ts), and G2 is not needed. What limits it: repeated labels behind phi (activations known only in
 * sum), trained networks behind phi (the fixed point for P may be a wrong one), one image after sign() (nothing dithers the bits).
 * Related: R-GAP (Zhu and Blaschko 2021: layer by layer, one image); SPEAR (Dimitrov et al. 2024, arXiv 2403.03945: exact for
 * batches of up to about 25, by low rank and the sparsity of ReLU, labels not needed, time exponential in the batch; SPEAR++,
 * arXiv 2510.24200, scales it with sparse dictionary learning); the Cocktail Party Attack (Kariyappa et al. 2023: independent
 * components of a dense layer's update, then feature inversion, labels not needed).
 * Errors: networks with another end; unknown options.
 * @example const { images, confidence } = await rog.closedForm(observed, { onProgress: rog.progress('closed form') })
 */
export function closedForm(observation: Observation, options: ClosedFormOptions = {}): Promise<Reconstruction> {
  return finish(closedFormSteps(observation, options), options.onProgress);
}

/** The same attack as an async iterator over its progress; the value of the last step is the reconstruction. */
export async function* closedFormSteps(
  observation: Observation,
  options: ClosedFormOptions = {},
): AsyncGenerator<Progress, Reconstruction> {
  checkObservation('closedForm', observation);
  check(observation, options);
  const { seed = 1, iterations = 200, prior = 'colorTv', typical, defenseAware = true } = options;
  const seen = taken('closedForm', observation, defenseAware);
  const interrupt = interrupts('closedForm');
  const stop = (): boolean => interrupt.hit() || (options.signal?.aborted ?? false);
  const began = performance.now();
  try {
    const { labels, method, confidence } = await labelsOf(seen);
    const head = readHead(seen);
    const images = typical ?? syntheticImages(seen.model.imageShape, seed);
    let found = await recover(head, labels, meanFeatures(await features(head, images)));
    const recovery = (performance.now() - began) / 1000;
    const tuned = tuningFor(head, seen.client, options.objective);
    const { objective } = tuned;
    const weight = options.weight ?? tuned.weight;
    const closure = await inversion(seen, head, { objective, prior, weight });
    try {
      closure.target(found);
      const search = searchFor(seen, tuned, { iterations, seed, evaluate: closure.evaluate });
      let state: SearchState = { ...searchStart(search), seconds: recovery };
      let stopped = false;
      for (let more = true; more && !stopped; ) {
        more = false;
        for await (state of minimise(search, state)) {
          yield asProgress(search, state);
          stopped = stop() && state.history.length < iterations;
          more = !stopped && refreshesAfter(search, tuned, state);
          if (stopped || more) break;
        }
        if (!more) break;
        const before = performance.now();
        found = refreshed(head, labels, await features(head, clamped(state.best.images)));
        closure.target(found);
        const seconds = state.seconds + (performance.now() - before) / 1000;
        state = { ...state, seconds, best: { ...state.best, objective: Number.POSITIVE_INFINITY } };
      }
      const pictures = clamped(state.best.images);
      return {
        kind: 'reconstruction',
        attack: 'closedForm',
        images: pictures,
        confidence: confidences(head, found.delta, await features(head, pictures)),
        labels,
        labelSource: { method, confidence },
        objective: state.best.objective,
        history: state.history,
        closures: state.history.length,
        seconds: state.seconds,
        engine: closure.engine,
        settings: {
          ...{ attack: 'closedForm', objective, prior, weight, iterations, seed, defenseAware },
          ...{ simulate: 'direction', typical: typical ? 'given' : 'synthetic', recovery },
          ...{ model: seen.model.name, obfuscation: seen.obfuscation.name, labels: [...labels] },
        },
        stopped: stopped ? 'cancelled' : 'finished',
      };
    } finally {
      closure.dispose();
    }
  } finally {
    interrupt.release();
  }
}

function check(observation: Observation, options: ClosedFormOptions): void {
  const { seed, iterations, weight, prior, objective, typical } = options;
  checkOptions('closedForm', options, OPTIONS);
  if (seed !== undefined) integer('closedForm', 'seed', seed, 0);
  if (iterations !== undefined) integer('closedForm', 'iterations', iterations, 1);
  if (weight !== undefined) number('closedForm', 'weight', weight, 0, Number.POSITIVE_INFINITY);
  if (prior !== undefined) oneOf('closedForm', 'prior', prior, Object.keys(PRIORS) as PriorName[]);
  if (objective !== undefined) oneOf('closedForm', 'objective', objective, COMPARISONS);
  if (typical) checkImages('closedForm', typical, observation.model.imageShape);
  checkNeeds('closedForm', observation, CLOSED_FORM_NEEDS);
}
