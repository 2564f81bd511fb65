import { fingerprint } from '../../core/hash.js';
import type { NdArray, Observation } from '../../core/types.js';
import type { InferredLabels } from '../infer-labels.js';
import { hasMoved } from '../search/drift.js';
import { clamped, type Evaluate, type Stage } from '../search/minimise.js';
import type { Problem } from '../search/run-search.js';
import { softInversion } from '../sparse/index.js';
import type { ClosedFormOptions } from './closed-form-options.js';
import { explainedBy } from './guess-explained.js';
import { readHead } from './head.js';
import { inversion } from './invert.js';
import { features, meanFeatures, syntheticImages } from './prior.js';
import { recover, refreshed } from './recover.js';
import { hardensAfter, refreshesAfter, searchFor, tuningFor } from './tuning.js';

const ITERATIONS = { default: 200, mixed: 720 };

/** Recovers errors and features, and makes of them a search for pictures. */
export async function inversionProblem(
  seen: Observation,
  read: InferredLabels,
  { seed = 1, prior = 'colorTv', typical, defenseAware = true, ...options }: ClosedFormOptions,
): Promise<{ problem: Problem; stages: readonly Stage[] }> {
  const began = performance.now();
  const sent = readHead(seen);
  const images = typical ?? syntheticImages(seen.model.imageShape, seed);
  const mean = meanFeatures(await features(sent, images));
  let found = await recover(sent, read.labels, mean, { revisable: !seen.labels, moved: hasMoved(seen) });
  const { head } = found;
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
        explained: await explainedBy(head, found.delta, await features(head, pictures)),
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
