import { ndarray } from '../../core/arrays.js';
import { checkOptions, integer, number, oneOf } from '../../core/options.js';
import { uniformStream } from '../../core/random.js';
import type { Evidence, Observation, Progress, Reconstruction } from '../../core/types.js';
import { interrupts } from '../../engine/index.js';
import { inferLabels } from '../labels.js';
import { asProgress, clamped, minimise, type Search, searchStart } from '../minimise.js';
import { checkObservation } from '../needs.js';
import { type ObjectiveName, objectiveFor } from '../objectives.js';
import { PRIORS, type PriorName } from '../priors.js';
import { finish, type RunOptions } from '../recipe.js';
import { readHead } from './head.js';
import { type InversionOptions, inversion } from './invert.js';
import { features, meanFeatures, syntheticImages } from './prior.js';
import { recover } from './recover.js';

/** Options of {@link closedForm}. */
export interface ClosedFormOptions extends Omit<RunOptions, 'checkpoint'> {
  /** Steps of the feature inversion, one forward and one backward pass each; default 180. */
  readonly iterations?: number;
  readonly objective?: 'features' | ObjectiveName;
  readonly prior?: PriorName;
  readonly weight?: number;
  readonly rates?: readonly number[];
  readonly signed?: boolean;
}

const OPTIONS = ['seed', 'onProgress', 'signal', 'iterations', 'objective', 'prior', 'weight', 'rates', 'signed'];

export function closedForm(observation: Observation, options: ClosedFormOptions = {}): Promise<Reconstruction> {
  return finish(closedFormSteps(observation, options), options.onProgress);
}

const WEIGHTS: Record<string, number> = {
  features: 1.5e-2,
  interval: 3e-2,
  sparse: 3e-2,
  stochasticRounding: 1.5e-1,
  cosine: 3e-2,
  wrongSign: 3e-2,
};

export async function* closedFormSteps(
  observation: Observation,
  options: ClosedFormOptions = {},
): AsyncGenerator<Progress, Reconstruction> {
  checkObservation('closedForm', observation);
  checkOptions('closedForm', options, OPTIONS);
  const { model, client } = observation;
  const { seed = 1, iterations = 180, prior = 'colorTv' } = options;
  integer('closedForm', 'seed', seed, 0);
  integer('closedForm', 'iterations', iterations, 1);
  oneOf('closedForm', 'prior', prior, Object.keys(PRIORS) as PriorName[]);
  if (options.weight !== undefined) number('closedForm', 'weight', options.weight, 0, Number.POSITIVE_INFINITY);
  const head = readHead(observation);
  const began = performance.now();
  const interrupt = interrupts();
  const { labels, method, confidence } = observation.labels
    ? { labels: observation.labels, method: 'given', confidence: Array.from(observation.labels, () => 1) }
    : await inferLabels(observation);
  const mean = meanFeatures(await features(head, syntheticImages(model.imageShape, seed)));
  const found = await recover(head, labels, mean);
  const recovered = (performance.now() - began) / 1000;
  const objective = options.objective ?? objectiveOf(head.first.evidence);
  const weight = options.weight ?? WEIGHTS[objective] ?? 3e-2;
  const closure = await inversion(observation, head, { objective, prior, weight });
  closure.target(found);
  try {
    const [height, width] = model.imageShape;
    const sizes = [4, 2, 1].map(
      (f) => [Math.max(1, Math.round(height / f)), Math.max(1, Math.round(width / f))] as const,
    );
    const rates = options.rates ?? [0.1, 0.05, 0.03];
    const shares = [0, 0.22, 0.5, 1].map((s) => Math.round(s * iterations));
    const uniform = uniformStream(seed);
    const search: Search = {
      evaluate: closure.evaluate,
      size: [height, width],
      stages: sizes.map((size, k) => ({
        size,
        closures: shares[k + 1]! - shares[k]!,
        rate: [rates[k]!, rates[k]! / 10],
      })),
      box: [0, 1],
      signed: options.signed,
      start: ndarray([client.batchSize, ...sizes[0]!, model.imageShape[2]], () => 0.45 + 0.1 * uniform()),
    };
    let state = { ...searchStart(search), seconds: recovered };
    for await (state of minimise(search, state)) {
      yield asProgress(search, state);
      if (interrupt.hit() || options.signal?.aborted) break;
    }
    const finished = asProgress(search, state).total === state.history.length;
    return {
      kind: 'reconstruction',
      attack: 'closedForm',
      images: clamped(state.best.images),
      labels,
      labelSource: { method, confidence },
      objective: state.best.objective,
      history: state.history,
      closures: state.history.length,
      seconds: state.seconds,
      engine: closure.engine,
      settings: { attack: 'closedForm', objective, prior, weight, iterations, seed, recovered },
      stopped: finished ? 'finished' : 'cancelled',
    };
  } finally {
    closure.dispose();
    interrupt.release();
  }
}

const objectiveOf = (e: Evidence): InversionOptions['objective'] =>
  e.noise === 0 && e.tolerance === 0 && e.zeroTolerance === 0 && !e.signOnly ? 'features' : objectiveFor([e]);
