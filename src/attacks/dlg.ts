import { ndarray } from '../core/arrays.js';
import { flag, type OptionTable, real, whole, word } from '../core/option-table.js';
import { normalStream } from '../core/random.js';
import type { Observation, Reconstruction } from '../core/types.js';
import { byRecipe } from './search/by-recipe.js';
import type { Needs } from './search/needs.js';
import { fitting } from './search/objectives.js';
import { RUN_OPTIONS, type RunOptions } from './search/recipe.js';
import { finish } from './search/run-search.js';

/** Options of {@link dlg} and {@link idlg}. */
export interface DlgOptions extends RunOptions {
  /** Objective-and-gradient evaluations; default 1200. */
  readonly iterations?: number;
  /** Default `lbfgs`, the papers'. */
  readonly optimizer?: 'lbfgs' | 'adam';
  /** First trial of every line search (default 1), or Adam's step size, falling to a tenth by a cosine (default 1). */
  readonly rate?: number;
  /** Whether the objective knows phi; default false: what was received counts as the gradient itself. */
  readonly defenseAware?: boolean;
}

export const DLG_OPTIONS = {
  ...RUN_OPTIONS,
  iterations: whole('objective-and-gradient evaluations', 1200),
  optimizer: word('of pixels and labels', ['lbfgs', 'adam'], 'lbfgs'),
  rate: real("first trial of a line search, or Adam's step size", 1, { open: true }),
  defenseAware: flag('whether the objective knows phi', false),
} satisfies OptionTable<DlgOptions>;

/** What {@link dlg} needs: nothing but the update. */
export const DLG_NEEDS: Needs = {};
/** What {@link idlg} needs: its rule reads the label of a single image. */
export const IDLG_NEEDS: Needs = { labels: 'readable', batchSize: 1 };

/**
 * DLG, Deep Leakage from Gradients (Zhu et al. 2019): pixels and logits of soft labels from N(0, 1), moved together
 * until the gradient they give equals the observed one,
 *
 *     min over x, l of sum over tensors |g(x, softmax(l)) - q|^2.
 *
 * Full resolution, no prior, no box; L-BFGS with step 1 and the last 100 pairs. It takes the update for one gradient at
 * w0 (times the number of local steps), so it loses FedAvg updates whose weights moved. It wants a smooth network: with
 * sigmoids one 32x32 picture comes back almost exactly, with ReLU it does not. Labels that the server knows are not
 * used. Departures: 1200 evaluations instead of 1200 iterations of at most 20 evaluations; a line search (strong Wolfe)
 * where PyTorch's default takes the full step. `restarts` repeats it from other starts, which it often needs.
 * @example const result = await rog.attacks.dlg(observed, { onProgress: rog.progress('DLG') })
 */
export function dlg(observation: Observation, options: DlgOptions = {}): Promise<Reconstruction> {
  return gradientMatching('dlg', DLG_NEEDS, observation, options, 'joint');
}

/**
 * iDLG (Zhao et al. 2020): {@link dlg} with the label known or read off the last layer (the only negative column of its
 * update) instead of searched. One image.
 * @throws a batch of more than one image; a network without a last dense layer per class, when the label is not given
 */
export function idlg(observation: Observation, options: DlgOptions = {}): Promise<Reconstruction> {
  return gradientMatching('idlg', IDLG_NEEDS, observation, options);
}

function gradientMatching(
  attack: string,
  needs: Needs,
  observation: Observation,
  options: DlgOptions,
  labels?: 'joint',
): Promise<Reconstruction> {
  const published = { attack, needs, options: DLG_OPTIONS };
  const steps = byRecipe(published, observation, options, (seen, { iterations, optimizer, rate }) => {
    const { model, client, obfuscation } = seen;
    const [height, width] = model.imageShape;
    return {
      objective: fitting(obfuscation.evidence, 'exactL2'),
      prior: 'tv',
      weight: 0,
      simulate: 'direction',
      optimizer,
      stages: [{ size: [height, width], closures: iterations, rate: [rate, optimizer === 'adam' ? rate / 10 : rate] }],
      start: (seed) => ndarray([client.batchSize, ...model.imageShape], normalStream(seed)),
      labels,
    };
  });
  return finish(steps, options.onProgress);
}
