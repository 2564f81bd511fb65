import type { Observation } from '../../core/types.js';
import type { Stage } from '../search/minimise.js';
import { closuresOf, type Part as SearchPart } from '../search/schedule.js';
import type { Freedom, Weights } from './problem.js';
import { type Match, noiseShare } from './update-match.js';

/** Weights by objective, chosen on CIFAR-10 training images. */
const TUNED: Readonly<Record<string, Weights>> = {
  interval: { prior: 4e-3, tie: 1e-3, relax: 3e-2 },
  wrongSign: { prior: 3e-2, tie: 0, relax: 5e-2 },
};

const OTHERS: Weights = { prior: 1e-3, tie: 1e-3, relax: 1e-2 };

/** Least weights, and those of Gaussian noise: sigma^2 / sum q^2 per entry of z. */
export function weightsFor(observation: Observation, match: Pick<Match, 'objective'>, latent: number): Weights {
  const tuned = TUNED[match.objective] ?? OTHERS;
  if (match.objective !== 'relativeL2') return tuned;
  const likely = noiseShare(observation) * observation.client.batchSize * latent;
  return { prior: Math.max(1e-4, likely), tie: likely, relax: 30 * likely };
}

type Part = Freedom & Pick<SearchPart, 'rate' | 'share'>;

/** A quarter of the closures for the largest structures, then all of z, then the offsets too. */
const RELAXED: readonly Part[] = [
  { latent: 32, relaxed: false, share: 0.25, rate: [0.15, 0.05] },
  { latent: Number.POSITIVE_INFINITY, relaxed: false, share: 0.45, rate: [0.1, 0.01] },
  { latent: Number.POSITIVE_INFINITY, relaxed: true, share: 0.3, rate: [0.02, 0.002] },
];

const IN_RANGE: readonly Part[] = [
  { latent: 32, relaxed: false, share: 0.25, rate: [0.15, 0.05] },
  { latent: Number.POSITIVE_INFINITY, relaxed: false, share: 0.75, rate: [0.1, 0.005] },
];

/** The stages of a search of so many closures. */
export function stagesOf(iterations: number, relax: boolean): (Stage & Freedom)[] {
  const parts = relax ? RELAXED : IN_RANGE;
  const closures = closuresOf(parts, iterations);
  return parts.map(({ latent, relaxed, rate }, k) => ({ latent, relaxed, rate, size: [1, 1], closures: closures[k]! }));
}
