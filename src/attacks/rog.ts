import { ndarray } from '../core/arrays.js';
import { problem } from '../core/errors.js';
import { isExactToScale } from '../core/evidence.js';
import { checkOptions, integer, number, oneOf } from '../core/options.js';
import { uniformStream } from '../core/random.js';
import type { NdArray, Observation, Progress, Reconstruction } from '../core/types.js';
import { closedFormSteps } from './closed-form/index.js';
import { suitsClosedForm } from './closed-form/suits.js';
import { simulation } from './drift.js';
import type { Stage } from './minimise.js';
import { checkNeeds, checkObservation, type Needs, taken } from './needs.js';
import { fitting, OBJECTIVES, type ObjectiveName, objectiveFor } from './objectives.js';
import { PRIORS, type PriorName } from './priors.js';
import { type Recipe, RUN_OPTIONS, type RunOptions, runRecipe } from './recipe.js';
import { POSTPROCESS_OPTIONS, type PostprocessOptions, postprocessed } from './restore.js';
import { finish } from './run.js';

/** Options of {@link rog}. */
export interface RogOptions extends RunOptions, PostprocessOptions {
  /** `default`: coarse to fine, box, TV, an objective that knows phi. `paper`: the published numbers. */
  readonly preset?: 'default' | 'paper';
  /**
   * `matching`: gradient matching. `closed-form`: see closedForm(). `auto` (default): the closed form where it is the better one
   * by what the server knows, see suitsClosedForm(), unless an option is given that only matching has: objective, simulate,
   * restarts. The preset `paper` always matches.
   */
  readonly method?: 'auto' | 'matching' | 'closed-form';
  /** Objective-and-gradient evaluations in all; default 200, `paper` 100. */
  readonly iterations?: number;
  /** How to compare updates; default: the one that fits phi (paper: l2). */
  readonly objective?: ObjectiveName;
  /** Prior on the pictures; default `colorTv`. */
  readonly prior?: PriorName;
  /** Weight of the prior beside the objective; default by objective (paper: 0). */
  readonly weight?: number;
  /** How the client is modelled; default `auto`: `steps` when the weights moved noticeably, see simulation() (paper: steps). */
  readonly simulate?: 'auto' | 'steps' | 'direction';
  /** Whether the objective knows phi; default true (paper: false, what was received counts as the update itself). */
  readonly defenseAware?: boolean;
}

/** What {@link rog} needs. */
export const ROG_NEEDS: Needs = { labels: 'readable' };

const OPTIONS = [
  ...RUN_OPTIONS,
  'preset',
  'method',
  'iterations',
  'objective',
  'prior',
  'weight',
  'simulate',
  'defenseAware',
  ...POSTPROCESS_OPTIONS,
];

/**
 * ROG: encode to a low dimension, simulate the client on the decoded pictures, match the update (Yue et al. 2023,
 * section 4). The raw reconstruction, unless `postprocess` says otherwise.
 *
 * `paper`: latent [h/4, w/4, c] uniform in [0, 1), bicubic decoder, Adam 0.05 -> 0.005 over 100 iterations, plain squared
 * distance. `default`: latents h/4 -> h/2 -> h, nearly gray start, box [0, 1], total variation, objective chosen by phi's report.
 */
export function rog(observation: Observation, options: RogOptions = {}): Promise<Reconstruction> {
  return finish(rogSteps(observation, options), options.onProgress);
}

/**
 * The same attack as an async iterator over its progress; the value of the last step is the reconstruction.
 * @example for await (const { closure, objective, images } of rog.rogSteps(observed)) console.log(closure, objective);
 */
export function rogSteps(observation: Observation, options: RogOptions = {}): AsyncGenerator<Progress, Reconstruction> {
  checkObservation('rog', observation);
  checkOptions('rog', options, OPTIONS);
  const { preset = 'default' } = options;
  oneOf('rog', 'preset', preset, ['default', 'paper']);
  if (options.iterations !== undefined) integer('rog', 'iterations', options.iterations, 1);
  if (options.weight !== undefined) number('rog', 'weight', options.weight, 0, Number.POSITIVE_INFINITY);
  if (options.prior !== undefined) oneOf('rog', 'prior', options.prior, Object.keys(PRIORS) as PriorName[]);
  if (options.objective !== undefined)
    oneOf('rog', 'objective', options.objective, Object.keys(OBJECTIVES) as ObjectiveName[]);
  checkNeeds('rog', observation, ROG_NEEDS);
  const { defenseAware = preset === 'default' } = options;
  const seen = taken('rog', observation, defenseAware);
  const { method = 'auto' } = options;
  oneOf('rog', 'method', method, ['auto', 'matching', 'closed-form']);
  const matching = runRecipe(seen, { ...PRESETS[preset](seen, options), defenseAware }, options);
  const wanted = ONLY_MATCHING.find((key) => options[key] !== undefined);
  if (method === 'closed-form' && wanted)
    throw problem(
      'rog',
      `method 'closed-form' has none of ${ONLY_MATCHING.join(', ')}`,
      wanted,
      "method 'matching' has",
    );
  const bound = method === 'matching' || preset === 'paper' || (method === 'auto' && wanted !== undefined);
  const steps = bound ? matching : chosen(seen, matching, options);
  return postprocessed('rog', steps, observation.model, options);
}

/** Options that the closed form does not have. */
const ONLY_MATCHING = ['objective', 'simulate', 'restarts'] as const;

/** The closed form where it is asked for or suits the observation, else gradient matching. */
async function* chosen(
  observation: Observation,
  matching: AsyncGenerator<Progress, Reconstruction>,
  { method = 'auto', iterations, prior, weight, seed, signal, checkpoint, checkpointSeconds }: RogOptions,
): AsyncGenerator<Progress, Reconstruction> {
  if (method === 'auto' && !(await suitsClosedForm(observation))) return yield* matching;
  const given = {
    seed,
    signal,
    checkpoint,
    checkpointSeconds,
    ...(iterations !== undefined && { iterations }),
    ...(prior && { prior }),
    ...(weight !== undefined && { weight }),
  };
  const result = yield* closedFormSteps(observation, given);
  return { ...result, attack: 'rog', settings: { ...result.settings, attack: 'rog', method: 'closed-form' } };
}

const PRESETS = { paper, default: coarseToFine };

type Preset = Omit<Recipe, 'defenseAware'>;

function paper(observation: Observation, options: RogOptions): Preset {
  const own = fitting(observation.obfuscation.evidence, 'l2');
  const { iterations = 100, objective = own, prior = 'tv', weight = 0, simulate = 'steps' } = options;
  const size = latentSize(observation, 4);
  return {
    attack: 'rog (paper)',
    objective,
    prior,
    weight,
    simulate: simulate === 'auto' ? 'steps' : simulate,
    stages: [{ size, closures: iterations, rate: [0.05, 0.005] }],
    start: (seed) => latent(observation, size, uniformStream(seed)),
  };
}

/** Latents of h/factor pixels, coarse to fine: share of the closures and step size of each. */
type Schedule = readonly {
  readonly factor: number;
  readonly share: number;
  readonly rate: readonly [number, number];
}[];

const THREE_STAGES: Schedule = [
  { factor: 4, share: 0.3, rate: [0.1, 0.01] },
  { factor: 2, share: 0.3, rate: [0.05, 0.005] },
  { factor: 1, share: 0.4, rate: [0.03, 0.003] },
];

/** Half the steps: the wrong-sign share jumps, and larger ones never settle. */
const SMALL_STEPS: Schedule = [
  { factor: 4, share: 0.3, rate: [0.05, 0.01] },
  { factor: 2, share: 0.3, rate: [0.02, 0.004] },
  { factor: 1, share: 0.4, rate: [0.01, 0.001] },
];

const TWO_STAGES: Schedule = [
  { factor: 2, share: 0.4, rate: [0.1, 0.01] },
  { factor: 1, share: 0.6, rate: [0.06, 0.001] },
];

/** What goes with an objective. Weights of the prior and schedules were chosen on CIFAR-10 training images. */
interface Tuning {
  readonly weight: number;
  readonly schedule: Schedule;
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

/** Where every entry is exact there is little to smooth away, and signed steps come nearer (batches: 0.8 dB). */
function tuning({ client, obfuscation }: Observation, objective: ObjectiveName): Tuning {
  if (objective !== 'cosine' || !obfuscation.evidence.every(isExactToScale)) return TUNED[objective];
  return { weight: client.batchSize === 1 ? 1e-2 : 3e-2, schedule: TWO_STAGES, signed: true };
}

function coarseToFine(observation: Observation, options: RogOptions): Preset {
  const { iterations = 200, objective = objectiveFor(observation.obfuscation.evidence) } = options;
  const tuned = tuning(observation, objective);
  const { schedule, signed } = tuned;
  const { prior = 'colorTv', weight = tuned.weight, simulate = 'auto' } = options;
  const upTo = (stage: number): number =>
    Math.round(iterations * schedule.slice(0, stage).reduce((sum, { share }) => sum + share, 0));
  const stages: Stage[] = schedule.map(({ factor, rate }, k) => ({
    size: latentSize(observation, factor),
    closures: upTo(k + 1) - upTo(k),
    rate,
  }));
  return {
    attack: 'rog',
    objective,
    prior,
    weight,
    stages,
    simulate: simulate === 'auto' ? simulation(observation) : simulate,
    box: [0, 1],
    signed,
    start: (seed) => latent(observation, stages[0]!.size, nearGray(seed)),
  };
}

/** 0.45 to 0.55: from one and the same gray, images with the same label would get the same gradient and stay twins forever. */
function nearGray(seed: number): () => number {
  const uniform = uniformStream(seed);
  return () => 0.45 + 0.1 * uniform();
}

function latentSize({ model }: Observation, factor: number): [number, number] {
  const [height, width] = model.imageShape;
  return [Math.max(1, Math.round(height / factor)), Math.max(1, Math.round(width / factor))];
}

const latent = ({ client, model }: Observation, size: readonly [number, number], fill: () => number): NdArray =>
  ndarray([client.batchSize, ...size, model.imageShape[2]], fill);
