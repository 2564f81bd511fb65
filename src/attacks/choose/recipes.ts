import { ndarray } from '../../core/arrays.js';
import { isExactToScale } from '../../core/evidence.js';
import { uniformStream } from '../../core/random.js';
import type { NdArray, Observation } from '../../core/types.js';
import { knownMoments, tellsMoments } from '../../federation/index.js';
import { mixesExamples } from '../../models/index.js';
import { simulation } from '../search/drift.js';
import { edgeScale } from '../search/edge-scale.js';
import type { Stage } from '../search/minimise.js';
import { isNoisedFirmly, noiseWeight } from '../search/noise-weight.js';
import { type AnyObjective, fitting, type ObjectiveName, objectiveOf } from '../search/objectives.js';
import type { PriorName } from '../search/priors.js';
import type { Recipe } from '../search/recipe.js';
import { type Part, stagesOf } from '../search/schedule.js';

/** What of a recipe of gradient matching may be asked for. */
export interface Asked {
  readonly iterations?: number;
  readonly objective?: AnyObjective;
  readonly prior?: PriorName;
  readonly weight?: number;
  readonly simulate?: 'auto' | 'steps' | 'direction';
}

/** A recipe but for whether it knows phi. */
export type Preset = Omit<Recipe, 'defenseAware'>;

const PUBLISHED: readonly Part[] = [{ factor: 4, share: 1, rate: [0.05, 0.005] }];

/** The published numbers of Yue et al. 2023. */
export function paper(observation: Observation, options: Asked): Preset {
  const own = fitting(observation.obfuscation.evidence, 'l2');
  const { iterations = 100, objective = own, prior = 'tv', weight = 0, simulate = 'steps' } = options;
  const stages = stagesOf(PUBLISHED, iterations, observation.model.imageShape);
  return {
    attack: 'rog (paper)',
    objective,
    prior,
    weight,
    simulate: simulate === 'auto' ? 'steps' : simulate,
    stages,
    start: (seed) => latent(observation, stages[0]!.size, uniformStream(seed)),
  };
}

const THREE_STAGES: readonly Part[] = [
  { factor: 4, share: 0.3, rate: [0.1, 0.01] },
  { factor: 2, share: 0.3, rate: [0.05, 0.005] },
  { factor: 1, share: 0.4, rate: [0.03, 0.003] },
];

/** Half the steps: the wrong-sign share jumps, and larger ones never settle. */
const SMALL_STEPS: readonly Part[] = [
  { factor: 4, share: 0.3, rate: [0.05, 0.01] },
  { factor: 2, share: 0.3, rate: [0.02, 0.004] },
  { factor: 1, share: 0.4, rate: [0.01, 0.001] },
];

const TWO_STAGES: readonly Part[] = [
  { factor: 2, share: 0.4, rate: [0.1, 0.01] },
  { factor: 1, share: 0.6, rate: [0.06, 0.001] },
];

/** What goes with an objective. Weights of the prior and schedules were chosen on CIFAR-10 training images. */
interface Tuning {
  readonly weight: number;
  readonly schedule: readonly Part[];
  readonly signed?: boolean;
}

const TUNED: Record<ObjectiveName, Tuning> = {
  l2: { weight: 0, schedule: THREE_STAGES },
  exactL2: { weight: 0, schedule: THREE_STAGES },
  relativeL2: { weight: 3e-2, schedule: THREE_STAGES },
  cosine: { weight: 2e-2, schedule: THREE_STAGES },
  maskedCosine: { weight: 3e-2, schedule: THREE_STAGES },
  sparse: { weight: 3e-2, schedule: THREE_STAGES },
  stochasticRounding: { weight: 1.5e-1, schedule: THREE_STAGES },
  interval: { weight: 4e-2, schedule: THREE_STAGES },
  wrongSign: { weight: 3e-1, schedule: SMALL_STEPS },
};

/**
 * Batch norm in training mode takes each channel's brightness and contrast out of the update, and lets the gradient
 * differ from picture to picture: there a firmer prior, up to 3.8 dB on a network of two such convolutions.
 */
const FIRMER = 10;

/** Where every entry is exact there is little to smooth away, and signed steps come nearer (batches: 0.8 dB). */
function tuning(observation: Observation, objective: AnyObjective): Tuning {
  const { client, model, obfuscation } = observation;
  if (objective === 'relativeL2' && isNoisedFirmly(observation))
    return { ...TUNED.relativeL2, weight: noiseWeight(observation) };
  if (typeof objective === 'function') return TUNED.cosine;
  const mixed = mixesExamples(model);
  if (mixed || objective !== 'cosine' || !obfuscation.evidence.every(isExactToScale)) {
    const { weight, ...rest } = TUNED[objective];
    return { ...rest, weight: (mixed ? FIRMER : 1) * weight * edgeScale(model.imageShape) };
  }
  return { weight: client.batchSize === 1 ? 1e-2 : 3e-2, schedule: TWO_STAGES, signed: true };
}

/** Latents h/4 -> h/2 -> h, nearly gray start, box, total variation, the objective that fits phi. */
export function coarseToFine(observation: Observation, options: Asked): Preset {
  const { iterations = 200, objective = objectiveOf(observation) } = options;
  const tuned = tuning(observation, objective);
  const { schedule, signed } = tuned;
  const { prior = 'colorTv', weight = tuned.weight, simulate = 'auto' } = options;
  const stages = stagesOf(schedule, iterations, observation.model.imageShape);
  return {
    attack: 'rog',
    objective,
    prior,
    weight,
    ...momentsWeight(observation, tuned.weight),
    stages,
    simulate: simulate === 'auto' ? simulation(observation) : simulate,
    box: [0, 1],
    signed,
    start: (seed) => latent(observation, stages[0]!.size, nearGray(seed)),
  };
}

/** Weight of the batch's moments beside the prior's, which goes with the objective's scale. */
const MOMENTS = 2;

/** The weight of the batch's moments, relative to what they are, where the client's running statistics tell them. */
function momentsWeight(observation: Observation, weight: number): Pick<Preset, 'statistics'> {
  if (weight === 0 || !tellsMoments(observation)) return {};
  const size = knownMoments(observation).flatMap(({ mean, variance }) => [mean, variance]);
  const norms = size.reduce((sum, { data }) => sum + Math.hypot(...data), 0);
  return norms > 0 ? { statistics: (MOMENTS * weight) / norms } : {};
}

/** The same objective at full size from pictures that are near: small steps, which leave what is right in place. */
export function polishing(
  observation: Observation,
  options: Asked,
  {
    pictures,
    closures,
    first = 0.01,
    last = 1e-3,
  }: { readonly pictures: NdArray; readonly closures: number; readonly first?: number; readonly last?: number },
): Preset {
  const [height, width] = observation.model.imageShape;
  const stages: Stage[] = [{ size: [height, width], closures, rate: [first, last] }];
  return { ...coarseToFine(observation, options), stages, start: () => pictures };
}

/** 0.45 to 0.55: from one gray, images of one label would get the same gradient and stay twins forever. */
function nearGray(seed: number): () => number {
  const uniform = uniformStream(seed);
  return () => 0.45 + 0.1 * uniform();
}

const latent = ({ client, model }: Observation, size: readonly [number, number], fill: () => number): NdArray =>
  ndarray([client.batchSize, ...size, model.imageShape[2]], fill);
