import { isExactToScale } from '../../core/evidence.js';
import type { Observation } from '../../core/types.js';
import type { ObjectiveName } from '../objectives.js';
import { type Asked, coarseToFine, type Preset } from './recipes.js';

/** A way to match gradients. */
export interface Contender {
  readonly name: string;
  readonly recipe: Preset;
}

/** Colour total variation of a photograph, a mean per pixel. */
const OF_PICTURES = 0.1;

/**
 * What the prior of a typical picture weighs beside all that the objective has to tell: weight 0.1 / D(gray), with D(gray) the
 * objective at an even gray. Far below 1 the objective decides, above 1 the prior does.
 */
export const pull = (weight: number, atGray: number): number => (weight * OF_PICTURES) / Math.max(atGray, 1e-30);

/** Up to this pull the weights that were tuned on ReLU networks stand. */
const LIGHT = 0.2;

/** Pulls of the contenders with a weaker prior. */
const WEAKER = [0.1, 0.01];

/**
 * The ways to match gradients that an observation gives reason to race. The tuned one alone, where its prior is light against what
 * the objective tells; saturated activations shrink that a thousandfold, and then a prior of the same weight paints everything
 * gray: so the same with weaker priors, and where phi left entries exact plain squares, which use the update's length too.
 * @param atGray the tuned objective at an even gray; `squaresAtGray` relativeL2 at the same
 */
export function contendersFor(
  observation: Observation,
  asked: Asked,
  atGray: number,
  squaresAtGray: number,
): Contender[] {
  const own = coarseToFine(observation, asked);
  const tuned: Contender = { name: 'matching', recipe: own };
  if (asked.weight !== undefined || pull(own.weight, atGray) <= LIGHT) return [tuned];
  const weaker = WEAKER.map((share) => ({
    name: `matching, ${share === WEAKER[0] ? 'light' : 'hardly any'} prior`,
    recipe: { ...own, weight: (share * atGray) / OF_PICTURES },
  }));
  const exact = observation.obfuscation.evidence.every(isExactToScale);
  const objective: ObjectiveName = 'relativeL2';
  const weight = (WEAKER[0]! * squaresAtGray) / OF_PICTURES;
  const squares = { name: 'matching, squares', recipe: coarseToFine(observation, { ...asked, objective, weight }) };
  return [tuned, ...weaker, ...(exact ? [squares] : [])];
}

/** The same recipe with a share of its closures, at least two a stage: the whole way in small. */
export const shortened = ({ stages, ...recipe }: Preset, share: number): Preset => ({
  ...recipe,
  stages: stages.map((stage) => ({
    ...stage,
    closures: Math.min(stage.closures, Math.max(2, Math.round(share * stage.closures))),
  })),
});
