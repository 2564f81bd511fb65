import { isExactToScale } from '../../core/evidence.js';
import type { Observation } from '../../core/types.js';
import { hasKinks, mixesExamples } from '../../models/index.js';
import { type Contender, OF_PICTURES } from './contenders.js';
import { type Asked, coarseToFine } from './recipes.js';
import type { Measured } from './yardstick.js';

/** From here on pictures are rougher than photographs are: a search that kinks kept from smoother ones. */
const ROUGH = 2 * OF_PICTURES;

/** The prior's weight, of the one that was tuned for the objective. */
const FIRM = 2;

/** What roughness costs there, in what is left unexplained: the yardstick's .03 would keep what was fitted to kinks. */
const COSTS = 0.2;

/** Whether exact updates of a network with kinks left pictures at least twice as rough as photographs. */
export const isRough = ({ model, obfuscation }: Observation, { roughness }: Pick<Measured, 'roughness'>): boolean =>
  roughness > ROUGH && hasKinks(model) && !mixesExamples(model) && obfuscation.evidence.every(isExactToScale);

/** Matching coarse to fine by squares relative to the update's, with a firm prior. */
export function firmly(observation: Observation, asked: Asked): Contender {
  const recipe = coarseToFine(observation, { ...asked, objective: 'relativeL2' });
  return { name: 'matching, firm prior', recipe: { ...recipe, weight: FIRM * recipe.weight } };
}

/**
 * Whether pictures matched again instead of rough ones are nearer: where unexplained + 0.2 roughness falls. 72 rough
 * cases of 19 networks, CIFAR-10 and photographs, one step and five: the 42 taken gain 1.5 dB in the mean, one loses
 * .1; the others would lose up to 3.6.
 */
export const isSmoother = (next: Smooth, last: Smooth): boolean => cost(next) < cost(last);

type Smooth = Pick<Measured, 'unexplained' | 'roughness'>;

const cost = ({ unexplained, roughness }: Smooth): number => unexplained + COSTS * roughness;
