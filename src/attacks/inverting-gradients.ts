import { ndarray } from '../core/arrays.js';
import { flag, type OptionTable, real, whole } from '../core/option-table.js';
import { normalStream } from '../core/random.js';
import type { Observation, Reconstruction } from '../core/types.js';
import { byRecipe } from './search/by-recipe.js';
import { simulation } from './search/drift.js';
import type { Needs } from './search/needs.js';
import { fitting } from './search/objectives.js';
import { RUN_OPTIONS, type RunOptions } from './search/recipe.js';
import { finish } from './search/run-search.js';

/** Options of {@link invertingGradients}. */
export interface InvertingGradientsOptions extends RunOptions {
  /** Objective-and-gradient evaluations of one start; default 4800. */
  readonly iterations?: number;
  /** Weight of the total variation; default 4e-4, see below. The authors take up to 0.4 for deep, trained networks. */
  readonly weight?: number;
  /** Step size of the signed Adam; default 0.025, see below. */
  readonly rate?: number;
  /** Whether the objective knows phi; default false: what was received counts as the update itself. */
  readonly defenseAware?: boolean;
}

export const INVERTING_GRADIENTS_NEEDS: Needs = { labels: 'readable' };

/** Standard deviation of a natural picture's pixels: the authors search pictures divided by it. */
const DEVIATION = 0.25;

export const INVERTING_GRADIENTS_OPTIONS = {
  ...RUN_OPTIONS,
  iterations: whole('objective-and-gradient evaluations of one start', 4800),
  weight: real('of the total variation', 1e-4 / DEVIATION),
  rate: real('step size of the signed Adam', 0.1 * DEVIATION, { open: true }),
  defenseAware: flag('whether the objective knows phi', false),
} satisfies OptionTable<InvertingGradientsOptions>;

const PUBLISHED = {
  attack: 'invertingGradients',
  options: INVERTING_GRADIENTS_OPTIONS,
  needs: INVERTING_GRADIENTS_NEEDS,
} as const;

/**
 * Inverting Gradients (Geiping et al. 2020): the angle between updates and total variation,
 *
 *     min over x of 1 - <g(x), q> / (|g(x)| |q|) + weight (mean |dx| + mean |dy|),
 *
 * at full resolution, by Adam on the signs of the gradient, step size down by ten at 3/8, 5/8 and 7/8 of 4800
 * iterations, clamped to [0, 1], from noise. FedAvg updates: through the simulated local steps (section 6 of the
 * paper). Numbers: those of the authors' code for CIFAR-10 (4800 iterations, one start, step 0.1, total variation
 * 1e-4). They search pictures normalised to standard deviation 1, we pictures in [0, 1] with 0.25: so step 0.025,
 * weight 4e-4, and a start 0.5 + 0.25 N(0, 1).
 * @throws labels that are neither given nor readable
 * @example const result = await rog.attacks.invertingGradients(observed, { restarts: 2, iterations: 400 })
 */
export function invertingGradients(
  observation: Observation,
  options: InvertingGradientsOptions = {},
): Promise<Reconstruction> {
  return finish(invertingGradientsSteps(observation, options), options.onProgress);
}

/** The same attack as an async iterator over its progress; the value of the last step is the reconstruction. */
export const invertingGradientsSteps = (observation: Observation, options: InvertingGradientsOptions = {}) =>
  byRecipe(PUBLISHED, observation, options, (seen, { iterations, weight, rate }) => {
    const { model, client, obfuscation } = seen;
    const [height, width] = model.imageShape;
    return {
      objective: fitting(obfuscation.evidence, 'cosine'),
      prior: 'tv',
      weight,
      simulate: simulation(seen),
      signed: true,
      box: [0, 1],
      stages: [{ size: [height, width], closures: iterations, rate: [rate, rate / 1000], decay: 'steps' }],
      start: (seed) => {
        const normal = normalStream(seed);
        return ndarray([client.batchSize, ...model.imageShape], () => 0.5 + DEVIATION * normal());
      },
    };
  });
