import { ndarray } from '../core/arrays.js';
import { checkOptions, integer, number } from '../core/options.js';
import { normalStream } from '../core/random.js';
import type { Observation, Progress, Reconstruction } from '../core/types.js';
import { finish, RUN_OPTIONS, type RunOptions, runRecipe } from './recipe.js';

/** Options of {@link dlg}. */
export interface DlgOptions extends RunOptions {
  /** Objective-and-gradient evaluations; default 3000 (each is cheap: small networks, no unrolling). */
  readonly iterations?: number;
  /** Step size of Adam at the start; it falls to a tenth along a cosine. Default 1, found on sigmoid networks; for ReLU 0.1. */
  readonly rate?: number;
}

/**
 * DLG, Deep Leakage from Gradients (Zhu et al. 2019): pixels from N(0, 1), moved until the gradient they give equals the
 * observed one,
 *
 *     min over x of sum over tensors |g(x) - q|^2.
 *
 * Full resolution, no prior, no box. It takes the update for one gradient at w0 (times the number of local steps), so it
 * loses FedAvg updates whose weights moved. It wants a smooth network: with sigmoids and default weights one 32x32 picture
 * comes back almost exactly, with ReLU it does not.
 * Departures: Adam instead of L-BFGS; labels are given or read off the update (iDLG, Zhao et al. 2020) instead of optimised.
 * @example const result = await rog.dlg(observed, { onProgress: rog.progress('DLG') })
 */
export function dlg(observation: Observation, options: DlgOptions = {}): Promise<Reconstruction> {
  return finish(dlgSteps(observation, options), options.onProgress);
}

/** The same attack as an async iterator over its progress; the value of the last step is the reconstruction. */
export function dlgSteps(observation: Observation, options: DlgOptions = {}): AsyncGenerator<Progress, Reconstruction> {
  checkOptions('dlg', options, [...RUN_OPTIONS, 'iterations', 'rate']);
  const { iterations = 3000, rate = 1, seed = 1 } = options;
  integer('dlg', 'iterations', iterations, 1);
  number('dlg', 'rate', rate, 0, Number.POSITIVE_INFINITY, true);
  integer('dlg', 'seed', seed, 0);
  const { model, client } = observation;
  const [height, width] = model.imageShape;
  const recipe = {
    attack: 'dlg',
    objective: 'exactL2',
    prior: 'tv',
    weight: 0,
    simulate: 'direction',
    stages: [{ size: [height, width], closures: iterations, rate: [rate, rate / 10] }],
    start: ndarray([client.batchSize, ...model.imageShape], normalStream(seed)),
  } as const;
  return runRecipe(observation, recipe, options);
}
