import { ndarray } from '../../core/arrays.js';
import { isExact } from '../../core/evidence.js';
import { uniformStream } from '../../core/random.js';
import { resample } from '../../core/resample.js';
import type { ClientSettings, ImageShape, Observation } from '../../core/types.js';
import { edgeScale } from '../search/edge-scale.js';
import type { Evaluate, Search, SearchState } from '../search/minimise.js';
import { objectiveOfValues } from '../search/objectives.js';
import { type Part as SearchPart, stagesOf } from '../search/schedule.js';
import type { Head } from './head.js';
import type { Comparison } from './invert.js';

/** One stage of the inversion, and what comes after it. */
interface Part extends SearchPart {
  /** After this stage, activations and errors are found anew from the pictures. */
  readonly refresh?: true;
  /** Errors follow the pictures in this stage, with masks so soft (see softInversion()); default: they are frozen. */
  readonly softness?: number;
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

/** Repeated labels behind phi: images of a class part by their masks first. */
const PARTING: readonly Part[] = [
  { factor: 4, share: 0.22, rate: [0.1, 0.02], softness: 0.2 },
  { factor: 2, share: 0.22, rate: [0.05, 0.01], softness: 0.2 },
  { factor: 1, share: 0.22, rate: [0.03, 0.003], softness: 0.2, refresh: true },
  { factor: 1, share: 0.17, rate: [0.03, 0.003], refresh: true },
  { factor: 1, share: 0.17, rate: [0.03, 0.003] },
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

/**
 * The comparison that fits what phi left of the first dense layer, unless one is asked for; and what goes with it.
 * @param mixed whether images share labels and are still to be told apart
 */
export function tuningFor(
  head: Head,
  { batchSize, localSteps }: ClientSettings,
  imageShape: ImageShape,
  wanted?: Comparison,
  mixed = false,
): Tuning {
  const fitting = comparisonFor(head);
  const objective = wanted ?? (mixed && fitting === 'features' ? 'relativeL2' : fitting);
  const { weight = () => 2e-2, ...rest } = TUNED[objective] ?? { schedule: ONCE };
  const vague = objective === 'features' && localSteps > 1 ? 1.4 : 1; // several steps are not quite one gradient
  const parting = mixed && objective !== 'features' && { schedule: PARTING, signed: false };
  const edges = objective === 'features' ? 1 : edgeScale(imageShape);
  return { objective, weight: vague * edges * weight(batchSize), ...rest, ...parting };
}

/** Noise of known size and no unknown length: plain squares, where gradient matching takes the cosine. */
function comparisonFor(head: Head): Comparison {
  if (isExact(head.first.evidence)) return 'features';
  const { evidence, observed } = head.first;
  const own = objectiveOfValues([{ data: observed }], [evidence]);
  return own === 'cosine' && !evidence.scaleUnknown ? 'relativeL2' : own;
}

export function searchFor(
  { model, client }: Observation,
  { schedule, signed }: Tuning,
  { iterations, seed, evaluate }: { iterations: number; seed: number; evaluate: Evaluate },
): Search {
  const [height, width, channels] = model.imageShape;
  const stages = stagesOf(schedule, iterations, model.imageShape);
  const uniform = uniformStream(seed);
  const first = stages[0]!.size;
  const pixels = (patches: readonly [number, number], from: number, range: number) =>
    ndarray([client.batchSize, ...patches, channels], () => from + range * uniform());
  // images of a class part the sooner the more their first pictures differ
  const parts = schedule[0]!.softness !== undefined;
  const start = parts ? resample(pixels([PATCHES, PATCHES], 0.25, 0.5), first) : pixels(first, 0.45, 0.1);
  return { evaluate, stages, size: [height, width], box: [0, 1], signed, start };
}

/** Pixels a side of the coarse patches from which mixed images start. */
const PATCHES = 4;

/** Whether the objective changes: this state is the last of a stage with soft masks. */
export const hardensAfter = ({ stages }: Search, { schedule }: Tuning, { stage, step }: SearchState): boolean =>
  schedule[stage]!.softness !== undefined && step === stages[stage]!.closures;

/** Whether the errors are due to be found anew: this state is the last of a stage that ends with it. */
export const refreshesAfter = ({ stages }: Search, { schedule }: Tuning, { stage, step }: SearchState): boolean =>
  schedule[stage]!.refresh === true && step === stages[stage]!.closures;
