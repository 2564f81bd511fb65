import { isExactToScale } from '../../core/evidence.js';
import type { Observation, Reconstruction } from '../../core/types.js';
import { hasKinks } from '../../models/index.js';
import { isFine } from '../search/fine.js';
import { type AnyObjective, objectiveOf } from '../search/objectives.js';
import { weightFor } from './contenders.js';
import type { Asked } from './recipes.js';
import { seesAll } from './sees-all.js';
import type { Measured } from './yardstick.js';

/** A last polish: what is asked for, its step sizes, its yardstick's factor; default that of the pictures before. */
export interface Ending {
  readonly asked: Asked;
  readonly rates: readonly [first: number, last: number];
  readonly margin?: number;
  /** Whether it is run only from pictures that the prior holds back, see {@link isHeldBack}; default false. */
  readonly ifHeldBack?: true;
}

/** What a matching was left with, and how its pictures measure. */
export interface Matched {
  readonly result: Pick<Reconstruction, 'objective' | 'settings'>;
  readonly measured: Pick<Measured, 'roughness'>;
}

/** Pull of the prior in the polish of smooth networks. */
const HARDLY = 1e-3;

/**
 * After several local steps the yardstick of the last polish, and of ways with less prior than the tuned one, is
 * multiplied by this: a few percent less are fitted kinks.
 */
export const CLEARLY = 1 / 0.9;

/** Objectives that are zero wherever phi's bounds hold: the right pictures leave nothing, noise is not fitted. */
const BOUNDED: readonly AnyObjective[] = ['interval', 'sparse', 'wrongSign'];

/** Objectives that fall with the square of what is left unexplained. */
const ANGLES: readonly AnyObjective[] = ['cosine', 'relativeL2'];

/** What the prior weighs in polishes, of its weight before: from pictures that are near. */
const LIGHTER = [0.1, 0.01];

/**
 * Whether the prior is at least half of what matching was left with, D + weight * prior: then it is the prior that
 * keeps pictures from the update, not a kink that the search settled in. Networks with kinks, 32 cases: below, a tenth
 * of the weight gives 0 to 6 dB, above -1.6 to 3.
 */
export const isHeldBack = ({ result: { objective, settings }, measured: { roughness } }: Matched): boolean =>
  settings.prior === 'colorTv' && objective <= 2 * (settings.weight as number) * roughness;

/**
 * The polishes that an observation ends with where small steps get further with less of the prior, each from the best
 * pictures so far while the yardstick falls: no kink hides the slope, or every neuron sees every pixel.
 *
 * - Entries known finely: one, with hardly any prior, or none where they came as they are.
 * - Entries known finely, behind kinks: a prior that holds the pictures back is lightened tenfold, twice at most.
 * - Entries that phi bounds coarsely (rounding, top-k, signs): the prior lightened tenfold and again tenfold. Where
 *   equations are many pictures come out up to 7 dB nearer; where they are few the yardstick stays with smooth ones.
 */
export async function endingsFor(
  observation: Observation,
  { settings }: Pick<Reconstruction, 'settings'>,
  atGray: (objective: AnyObjective) => Promise<number>,
): Promise<Ending[]> {
  const sees = seesAll(observation);
  const several = observation.client.localSteps > 1;
  const objective = objectiveOf(observation);
  const { weight, objective: taken } = settings as { readonly weight: number; readonly objective: AnyObjective };
  if (hasKinks(observation.model) && !sees)
    return isFine(observation) && ANGLES.includes(taken) ? lightened(taken, weight, several) : [];
  const fine = isFine(observation);
  if (BOUNDED.includes(objective) && !(fine && hasKinks(observation.model)))
    return LIGHTER.map((share) => ({ asked: { objective, weight: share * weight }, rates: [1e-2, 1e-3] as const }));
  if (!fine) return [];
  const exact = observation.obfuscation.evidence.every(isExactToScale);
  const asked: Asked =
    exact && sees
      ? { objective: several ? 'relativeL2' : 'l2', weight: 0 }
      : { objective, weight: weightFor(HARDLY, await atGray(objective)) };
  return [{ asked, rates: sees && several ? [3e-3, 1e-4] : [1e-2, 3e-4], margin: sees && several ? CLEARLY : 1 }];
}

const lightened = (objective: AnyObjective, weight: number, several: boolean): Ending[] =>
  LIGHTER.map((share) => ({
    asked: { objective, weight: share * weight },
    rates: [1e-2, 1e-3],
    margin: several ? CLEARLY : 1,
    ifHeldBack: true,
  }));
