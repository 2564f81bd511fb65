import { flag, memory, type OptionTable, real, whole, word } from '../../core/option-table.js';
import type { NdArray } from '../../core/types.js';
import { PRIORS, type PriorName } from '../search/priors.js';
import { RUN_OPTIONS, type RunOptions } from '../search/recipe.js';
import { COMPARISONS, type Comparison } from './invert.js';

/** Options of closedForm(). */
export interface ClosedFormOptions extends Omit<RunOptions, 'restarts'> {
  /** Steps of the feature inversion, a pass forward and back each; default 200, 720 where labels repeat behind phi. */
  readonly iterations?: number;
  /** How pictures are compared with what was recovered; default: the one that fits phi. */
  readonly objective?: Comparison;
  /** Prior on the pictures; default `colorTv`. */
  readonly prior?: PriorName;
  /** Weight of the prior beside the objective; default by objective. */
  readonly weight?: number;
  /** Pictures [n, h, w, c] held typical: their mean features start the recovery. Default: 64 of smooth noise. */
  readonly typical?: NdArray;
  /** Whether the attack knows phi; default true. */
  readonly defenseAware?: boolean;
}

const { restarts: _, ...RUN } = RUN_OPTIONS;

export const CLOSED_FORM_OPTIONS = {
  ...RUN,
  iterations: whole('steps of the feature inversion', 200),
  objective: word('how pictures are compared with what was recovered (the one that fits phi)', COMPARISONS),
  prior: word('on the pictures', Object.keys(PRIORS) as PriorName[], 'colorTv'),
  weight: real('of the prior (by objective)'),
  typical: memory('pictures that the server holds typical', 'pictures', (value) => typeof value === 'object'),
  defenseAware: flag('whether the attack knows phi', true),
} satisfies OptionTable<ClosedFormOptions>;
