import { ndarray } from '../core/arrays.js';
import { flag, type OptionTable, real, whole } from '../core/option-table.js';
import { normalStream } from '../core/random.js';
import type { Observation, Reconstruction } from '../core/types.js';
import { byRecipe } from './search/by-recipe.js';
import type { Needs } from './search/needs.js';
import { fitting } from './search/objectives.js';
import { RUN_OPTIONS, type RunOptions } from './search/recipe.js';
import { finish } from './search/run-search.js';

/** Options of {@link gradInversion}. */
export interface GradInversionOptions extends RunOptions {
  /** Steps of every member; default 20000. Each costs one closure per member. */
  readonly iterations?: number;
  /** Members of the group; default 4. */
  readonly seeds?: number;
  /** Weight of total variation + 0.01 mean x^2 beside the squared distance; default 1, see below. */
  readonly weight?: number;
  /** Weight of the group's consistency; default 100, see below. */
  readonly consistency?: number;
  /**
   * Weight of the batch-norm term, the distance of the pictures' means and variances from those known: the batch's,
   * where the client sent its running statistics after one step, else the model's own running statistics. Default 0.
   */
  readonly batchNorm?: number;
  /** Whether the objective knows phi; default false: what was received counts as the gradient itself. */
  readonly defenseAware?: boolean;
}

export const GRAD_INVERSION_OPTIONS = {
  ...RUN_OPTIONS,
  iterations: whole('steps of every member, one closure each', 20_000),
  seeds: whole('members of the group', 4, { to: 64 }),
  weight: real('of total variation + 0.01 mean x^2', 1),
  consistency: real("of the group's consistency", 100),
  batchNorm: real('of the batch-norm term', 0),
  defenseAware: flag('whether the objective knows phi', false),
} satisfies OptionTable<GradInversionOptions>;

/** What {@link gradInversion} needs, the batch-norm term left out. */
export const GRAD_INVERSION_NEEDS: Needs = { labels: 'readable' };

const PUBLISHED = {
  attack: 'gradInversion',
  options: GRAD_INVERSION_OPTIONS,
  needs: ({ batchNorm = 0 }: GradInversionOptions): Needs =>
    batchNorm > 0 ? { ...GRAD_INVERSION_NEEDS, batchNormStatistics: true } : GRAD_INVERSION_NEEDS,
} as const;

/**
 * GradInversion, See through Gradients (Yin et al. 2021): several searches of the batch from different seeds, held
 * together,
 *
 *     sum over members s of |g(x_s) - q|^2 + weight (TV(x_s) + 0.01 mean x_s^2)
 *                           + consistency mean (x_s - mean_s x_s)^2,
 *
 * by Adam, step size 0.1 (0.025 in pictures of [0, 1]) along a cosine after 50 closures of warm-up. The member with the
 * least objective of its own is the result. The labels of the batch are given or inferred.
 * Numbers: the paper weighs |g - q|^2, TV, |x|^2 and consistency as 1e-4 : 1e-4 : 1e-6 : 1e-2; its code is not public,
 * these are from its appendix as the `breaching` framework took them over.
 * Departures: no batch-norm term by default, which for ImageNet networks carries most of the picture; the consensus is
 * the plain mean, without registration; no noise added to the steps.
 * @throws batchNorm > 0 on a network without batch norm; labels that are neither given nor readable
 */
export function gradInversion(observation: Observation, options: GradInversionOptions = {}): Promise<Reconstruction> {
  const steps = byRecipe(PUBLISHED, observation, options, ({ model, client, obfuscation }, given) => {
    const { iterations, seeds, weight, consistency, batchNorm } = given;
    const [height, width] = model.imageShape;
    const warmup = Math.min(50, iterations / 10);
    return {
      objective: fitting(obfuscation.evidence, 'l2'),
      prior: 'tvL2',
      weight,
      ...(batchNorm > 0 && { statistics: batchNorm }),
      simulate: 'direction',
      box: [0, 1],
      group: { seeds, weight: consistency },
      stages: [{ size: [height, width], closures: iterations, rate: [0.025, 0], warmup }],
      start: (seed) => {
        const normal = normalStream(seed);
        return ndarray([client.batchSize, ...model.imageShape], () => 0.5 + 0.25 * normal());
      },
    };
  });
  return finish(steps, options.onProgress);
}
