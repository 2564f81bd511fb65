import { isExactToScale } from '../../core/evidence.js';
import type { Observation, Reconstruction } from '../../core/types.js';
import { isFine } from '../search/fine.js';
import { type AnyObjective, objectiveOf } from '../search/objectives.js';
import { weightFor } from './contenders.js';
import { isKinked, seesAll } from './kinks.js';
import type { Asked } from './recipes.js';

/** A last polish: what is asked for, its step sizes, its yardstick's factor; default that of the pictures before. */
export interface Ending {
  readonly asked: Asked;
  readonly rates: readonly [first: number, last: number];
  readonly margin?: number;
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

/** What the prior weighs in the polishes of bounded entries, of its weight before: from pictures that are near. */
const LIGHTER = [0.1, 0.01];

/**
 * The polishes that an observation ends with where small steps get further with less of the prior, each from the best
 * pictures so far while the yardstick falls: no kink hides the slope, or every neuron sees every pixel.
 *
 * - Entries known finely: one, with hardly any prior, or none where they came as they are.
 * - Entries that phi bounds coarsely (rounding, top-k, signs): the prior lightened tenfold and again tenfold. Where
 *   equations are many pictures come out up to 7 dB nearer; where they are few the yardstick stays with smooth ones.
 */
export async function endingsFor(
  observation: Observation,
  { settings }: Pick<Reconstruction, 'settings'>,
  atGray: (objective: AnyObjective) => Promise<number>,
): Promise<Ending[]> {
  const sees = seesAll(observation);
  if (isKinked(observation.model) && !sees) return [];
  const several = observation.client.localSteps > 1;
  const objective = objectiveOf(observation);
  if (!isFine(observation)) {
    const { weight } = settings as { readonly weight: number };
    return BOUNDED.includes(objective)
      ? LIGHTER.map((share) => ({ asked: { objective, weight: share * weight }, rates: [1e-2, 1e-3] as const }))
      : [];
  }
  const exact = observation.obfuscation.evidence.every(isExactToScale);
  const asked: Asked =
    exact && sees
      ? { objective: several ? 'relativeL2' : 'l2', weight: 0 }
      : { objective, weight: weightFor(HARDLY, await atGray(objective)) };
  return [{ asked, rates: sees && several ? [3e-3, 1e-4] : [1e-2, 3e-4], margin: sees && several ? CLEARLY : 1 }];
}
