import { checkImages } from '../../core/arrays.js';
import { problem } from '../../core/errors.js';
import { isUnknown } from '../../core/evidence.js';
import { checked, flag, memory, type OptionTable, real, whole, word } from '../../core/option-table.js';
import type { NdArray, Observation, Progress, Reconstruction } from '../../core/types.js';
import { stoppable } from '../../engine/index.js';
import { judged } from '../confidence/judge.js';
import { labelsOf } from '../infer-labels.js';
import { fingerprint } from '../search/fingerprint.js';
import { clamped, type Evaluate, type Stage } from '../search/minimise.js';
import { checkNeeds, checkObservation, type Needs, taken } from '../search/needs.js';
import { PRIORS, type PriorName } from '../search/priors.js';
import { RUN_OPTIONS, type RunOptions } from '../search/recipe.js';
import { finish, type Problem, runSearch } from '../search/run-search.js';
import { holding } from '../search/saved-search.js';
import { softInversion } from '../sparse/index.js';
import { explainedBy } from './guess-explained.js';
import { isHeadWhole, readHead } from './head.js';
import { COMPARISONS, type Comparison, inversion } from './invert.js';
import { features, meanFeatures, syntheticImages } from './prior.js';
import { recover, refreshed } from './recover.js';
import { hardensAfter, refreshesAfter, searchFor, tuningFor } from './tuning.js';

/** Options of {@link closedForm}. */
export interface ClosedFormOptions extends Omit<RunOptions, 'restarts'> {
  /**
   * Steps of the feature inversion, one forward and one backward pass of the convolutions each; default 200, and 720
   * where images share labels behind phi.
   */
  readonly iterations?: number;
  /** How pictures are compared with what was recovered; default: the one that fits phi. */
  readonly objective?: Comparison;
  /** Prior on the pictures; default `colorTv`. */
  readonly prior?: PriorName;
  /** Weight of the prior beside the objective; default by objective. */
  readonly weight?: number;
  /**
   * Pictures [n, h, w, c] that the server holds typical: their mean features start the recovery.
   * Default: 64 synthetic ones, smooth noise, so that no data is needed.
   */
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

/** What {@link closedForm} needs. */
export const CLOSED_FORM_NEEDS: Needs = { labels: 'readable', denseHead: true };

/**
 * The closed-form batch attack: every image's hidden activations, errors and features by linear algebra, then pictures
 * with those features. For networks that end in dense - ReLU - dense, with images X = features [B, D]:
 *
 *     G2 = H^T (P - Y) / B           last layer's update: linear in the activations H          (activations.ts)
 *     delta = (P - Y) W2^T o [H > 0] / B      the errors, exactly, row by row
 *     G1 = X^T delta                 first dense layer's update: linear in the features X      (features.ts)
 *     min over x of D(features(x)^T delta, G1) + weight prior(x),   delta frozen               (invert.ts)
 *
 * Without obfuscation and with distinct labels X is exact. After phi, intervals, noise and dropped entries enter both
 * linear systems, and errors of G1 average out over its hundreds of columns. The search for pictures costs one ordinary
 * backward pass a step: no gradient of a gradient. FedAvg's update is taken for local steps times one gradient.
 *
 * Repeated labels and trained networks: where the update is exact, its row space gives every image's mask and errors by
 * itself (sparse/separate.ts), and G2 is not needed. What limits it: repeated labels behind phi (activations known
 * only in sum), trained networks behind phi (the fixed point for P may be a wrong one), one image after sign()
 * (nothing dithers the bits). Related: R-GAP (Zhu and Blaschko 2021: layer by layer, one image); SPEAR (Dimitrov et
 * al. 2024, arXiv 2403.03945: exact for batches of up to about 25, by low rank and the sparsity of ReLU, labels not
 * needed, time exponential in the batch; SPEAR++, arXiv 2510.24200, scales it with sparse dictionary learning); the
 * Cocktail Party Attack (Kariyappa et al. 2023: independent components of a dense layer's update, then feature
 * inversion, labels not needed).
 * Errors: networks with another end; unknown options.
 * @example const { images, confidence, explained } = await rog.attacks.closedForm(observed, { iterations: 60 })
 */
export function closedForm(observation: Observation, options: ClosedFormOptions = {}): Promise<Reconstruction> {
  return finish(closedFormSteps(observation, options), options.onProgress);
}

/** The same attack as an async iterator over its progress; the value of the last step is the reconstruction. */
export const closedFormSteps = (observation: Observation, options: ClosedFormOptions = {}) =>
  judged(observation, solving(observation, options));

/** The same, its pictures not judged: for an attack that goes on from them. */
export async function* solving(
  observation: Observation,
  options: ClosedFormOptions = {},
): AsyncGenerator<Progress, Reconstruction> {
  checkObservation('closedForm', observation);
  check(observation, options);
  const seen = taken('closedForm', observation, options.defenseAware ?? true);
  if (seen.obfuscation.evidence.some(isUnknown))
    throw problem(
      'closedForm',
      'needs to know what phi leaves of an entry',
      seen.obfuscation.name,
      'give evidence to obfuscation(), set defenseAware: false, or let rog() compare directions',
    );
  if (!isHeadWhole(readHead(seen)))
    throw problem(
      'closedForm',
      'needs every dense layer of the head',
      seen.obfuscation.name,
      'rog() matches what was sent',
    );
  const { signal, checkpoint, checkpointSeconds } = options;
  return yield* holding(checkpoint, (held) =>
    stoppable('closedForm', signal, async function* (stop) {
      const { problem, stages } = await inversionProblem(seen, options);
      return yield* runSearch(problem, stages, { stop, held, checkpointSeconds });
    }),
  );
}

const ITERATIONS = { default: 200, mixed: 720 };

/** Recovers errors and features, and makes of them a search for pictures. */
async function inversionProblem(
  seen: Observation,
  { seed = 1, prior = 'colorTv', typical, defenseAware = true, ...options }: ClosedFormOptions,
): Promise<{ problem: Problem; stages: readonly Stage[] }> {
  const began = performance.now();
  const read = await labelsOf(seen);
  const head = readHead(seen);
  const images = typical ?? syntheticImages(seen.model.imageShape, seed);
  const mean = meanFeatures(await features(head, images));
  let found = await recover(head, read.labels, mean, !seen.labels);
  const labels = found.separated ?? read.labels;
  const corrected = labels.some((label, b) => label !== read.labels[b]);
  const method = corrected ? "counted in the row space of the first dense layer's update" : read.method;
  const confidence = corrected ? Array.from(labels, () => 1) : read.confidence;
  const recovery = (performance.now() - began) / 1000;
  const mixed = new Set(labels).size < labels.length && !found.separated && !head.between?.length;
  const tuned = tuningFor(head, seen.client, seen.model.imageShape, options.objective, mixed);
  const { objective } = tuned;
  const { iterations = mixed ? ITERATIONS.mixed : ITERATIONS.default } = options;
  const weight = options.weight ?? tuned.weight;
  const closure = await inversion(seen, head, { objective, prior, weight });
  closure.target(found);
  const soft =
    mixed && objective !== 'features'
      ? await softInversion(seen, head, labels, mean, { objective, prior, weight })
      : undefined;
  const evaluate: Evaluate = (pictures, logits, stage = 0) => {
    const { softness } = tuned.schedule[stage]!;
    return soft && softness !== undefined ? soft.evaluate(pictures, softness) : closure.evaluate(pictures, logits);
  };
  const search = searchFor(seen, tuned, { iterations, seed, evaluate });
  const anew = async (pictures: NdArray): Promise<void> => {
    found = await refreshed(head, labels, await features(head, clamped(pictures)));
    closure.target(found);
  };
  const deciding = {
    attack: 'closedForm',
    objective,
    prior,
    weight,
    iterations,
    seed,
    defenseAware,
    simulate: 'direction',
    typical: typical ? 'given' : 'synthetic',
    model: seen.model.name,
    obfuscation: seen.obfuscation.name,
    labels: [...labels],
  };
  const problem: Problem = {
    ...search,
    attack: 'closedForm',
    engine: closure.engine,
    settings: { ...deciding, recovery },
    deciding: {
      ...deciding,
      client: { ...seen.client },
      typical: fingerprint([images.data]),
      update: fingerprint(seen.tensors.map(({ data }) => data)),
    },
    spent: recovery,
    between: async (state) => {
      const fresh = { ...state, best: { ...state.best, objective: Number.POSITIVE_INFINITY } };
      if (!refreshesAfter(search, tuned, state)) return hardensAfter(search, tuned, state) ? fresh : state;
      await anew(state.best.images);
      return { ...fresh, anchor: state.best.images };
    },
    again: anew,
    conclude: async ({ best }) => {
      const pictures = clamped(best.images);
      return {
        images: pictures,
        explained: explainedBy(head, found.delta, await features(head, pictures)),
        labels,
        labelSource: { method, confidence },
        objective: best.objective,
      };
    },
    dispose: () => {
      soft?.dispose();
      closure.dispose();
    },
  };
  return { problem, stages: search.stages };
}

function check(observation: Observation, options: ClosedFormOptions): void {
  const { typical } = checked('closedForm', options, CLOSED_FORM_OPTIONS);
  if (typical) checkImages('closedForm', typical, observation.model.imageShape);
  checkNeeds('closedForm', observation, CLOSED_FORM_NEEDS);
}
