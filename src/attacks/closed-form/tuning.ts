import { ndarray } from '../../core/arrays.js';
import { isExact } from '../../core/evidence.js';
import { uniformStream } from '../../core/random.js';
import type { ClientSettings, Observation } from '../../core/types.js';
import type { Evaluate, Search, SearchState, Stage } from '../minimise.js';
import { objectiveFor } from '../objectives.js';
import type { Head } from './head.js';
import type { Comparison } from './invert.js';

/** One stage of the inversion: latents of h/factor pixels, a share of the steps, step size; then perhaps new errors. */
interface Part {
  readonly factor: number;
  readonly share: number;
  readonly rate: readonly [from: number, to: number];
  /** After this stage, activations and errors are found anew from the pictures. */
  readonly refresh?: true;
}

/** What goes with a comparison. */
export interface Tuning {
  readonly objective: Comparison;
  /** Of the prior on the pictures. */
  readonly weight: number;
  readonly schedule: readonly Part[];
  readonly signed?: boolean;
}

/** Exact features: large signed steps leave the kinks of max-pooling behind, where smaller ones and L-BFGS stay. */
const SIGNED: readonly Part[] = [
  { factor: 2, share: 0.3, rate: [0.1, 0.01] },
  { factor: 1, share: 0.7, rate: [0.1, 0.001] },
];

const COARSE_TO_FINE: readonly Part[] = [
  { factor: 4, share: 0.2, rate: [0.1, 0.01] },
  { factor: 2, share: 0.2, rate: [0.05, 0.005] },
  { factor: 1, share: 0.3, rate: [0.03, 0.003], refresh: true },
  { factor: 1, share: 0.3, rate: [0.03, 0.003] },
];

/** The sign of an entry says most about the sample with the largest part in it: errors found anew help twice. */
const TWICE_ANEW: readonly Part[] = [
  { factor: 4, share: 0.2, rate: [0.1, 0.01] },
  { factor: 2, share: 0.2, rate: [0.05, 0.005] },
  { factor: 1, share: 0.2, rate: [0.03, 0.003], refresh: true },
  { factor: 1, share: 0.2, rate: [0.03, 0.003], refresh: true },
  { factor: 1, share: 0.2, rate: [0.03, 0.003] },
];

const ONCE: readonly Part[] = [
  { factor: 4, share: 0.2, rate: [0.1, 0.01] },
  { factor: 2, share: 0.3, rate: [0.05, 0.005] },
  { factor: 1, share: 0.5, rate: [0.03, 0.003] },
];

/** Weights (by the number of images) and schedules, chosen on CIFAR-10 training images. */
const TUNED: Partial<
  Record<Comparison, Omit<Tuning, 'objective' | 'weight'> & { weight: (images: number) => number }>
> = {
  features: { weight: (n) => 0.2 * n ** 0.25, schedule: SIGNED, signed: true },
  interval: { weight: (n) => 7.5e-3 * Math.sqrt(n), schedule: COARSE_TO_FINE },
  sparse: { weight: () => 5e-3, schedule: COARSE_TO_FINE },
  stochasticRounding: { weight: (n) => 7e-2 * Math.sqrt(n), schedule: COARSE_TO_FINE },
  relativeL2: { weight: (n) => 9e-3 * Math.sqrt(n), schedule: ONCE },
  wrongSign: { weight: (n) => 7.5e-3 * Math.sqrt(n), schedule: TWICE_ANEW },
};

/** The comparison that fits what phi left of the first dense layer, unless one is asked for; and what goes with it. */
export function tuningFor(head: Head, { batchSize, localSteps }: ClientSettings, wanted?: Comparison): Tuning {
  const objective = wanted ?? comparisonFor(head);
  const { weight = () => 2e-2, ...rest } = TUNED[objective] ?? { schedule: ONCE };
  const vague = objective === 'features' && localSteps > 1 ? 1.4 : 1; // several steps are not quite one gradient
  return { objective, weight: vague * weight(batchSize), ...rest };
}

/** Noise of known size and no unknown length: plain squares, where gradient matching takes the cosine. */
function comparisonFor(head: Head): Comparison {
  if (isExact(head.first.evidence)) return 'features';
  const { evidence } = head.first;
  const own = objectiveFor([evidence]);
  return own === 'cosine' && !evidence.scaleUnknown ? 'relativeL2' : own;
}

/** The search that a tuning describes. */
export function searchFor(
  { model, client }: Observation,
  { schedule, signed }: Tuning,
  { iterations, seed, evaluate }: { iterations: number; seed: number; evaluate: Evaluate },
): Search {
  const [height, width, channels] = model.imageShape;
  const upTo = (k: number): number =>
    Math.round(iterations * schedule.slice(0, k).reduce((sum, { share }) => sum + share, 0));
  const latent = (n: number, factor: number): number => Math.max(1, Math.round(n / factor));
  const stages = schedule.map(
    ({ factor, rate }, k): Stage => ({
      size: [latent(height, factor), latent(width, factor)],
      closures: upTo(k + 1) - upTo(k),
      rate,
    }),
  );
  const uniform = uniformStream(seed);
  const start = ndarray([client.batchSize, ...stages[0]!.size, channels], () => 0.45 + 0.1 * uniform());
  return { evaluate, stages, size: [height, width], box: [0, 1], signed, start };
}

/** Whether the errors are due to be found anew: this state is the last of a stage that ends with it. */
export const refreshesAfter = ({ stages }: Search, { schedule }: Tuning, { stage, step }: SearchState): boolean =>
  schedule[stage]!.refresh === true && step === stages[stage]!.closures;
