import { setImmediate as turn } from 'node:timers/promises';
import { ndarray } from '../../core/arrays.js';
import { called, type OptionTable, real, stopping, text, whole } from '../../core/option-table.js';
import { deriveSeed, normalStream } from '../../core/random.js';
import type { AttackSteps, NdArray, Observation, Reconstruction } from '../../core/types.js';
import { currentSession, stoppable } from '../../engine/index.js';
import { type InferredLabels, labelsOf } from '../infer-labels.js';
import { attackClosure } from './closure.js';
import type { Closure } from './closure-type.js';
import { describe } from './described.js';
import { grouped, member, pickMember, stacked } from './group.js';
import { clamped, closuresIn, type Search } from './minimise.js';
import { checkObservation } from './needs.js';
import type { Recipe, RunOptions } from './recipe-type.js';
import { type Problem, runSearch } from './run-search.js';
import { holding } from './saved-search.js';
import { toldCost } from './told-cost.js';

export type { Recipe, RunOptions } from './recipe-type.js';

export const RUN_OPTIONS = {
  seed: whole('of the starting point', 1, { from: 0 }),
  onProgress: called('called after every closure'),
  signal: stopping('stops the attack'),
  checkpoint: text('lets a killed attack resume to the same result', 'FILE'),
  checkpointSeconds: real('between two checkpoints', 2),
  restarts: whole('starting points, the best by the objective is kept', 1),
} satisfies OptionTable<RunOptions>;

/**
 * Runs a recipe on an observation: labels (given or inferred), one compiled objective, one search, best by objective.
 * @yields progress after every closure; @returns the reconstruction.
 */
export async function* runRecipe(observation: Observation, recipe: Recipe, options: RunOptions): AttackSteps {
  checkObservation(recipe.attack, observation);
  const { signal, checkpoint, checkpointSeconds } = options;
  return yield* holding(checkpoint, (held) =>
    stoppable(recipe.attack, signal, async function* (stop) {
      await turn(); // of the event loop, between looks at a large update
      const found = recipe.labels === 'joint' ? undefined : await labelsOf(observation, stop);
      const problem = await problemOf(observation, recipe, options, found);
      // other labels are other settings: the file stays as it is
      return yield* runSearch(problem, recipe.stages, { stop, held: found?.cut ? undefined : held, checkpointSeconds });
    }),
  );
}

async function problemOf(
  observation: Observation,
  recipe: Recipe,
  options: RunOptions,
  found?: InferredLabels,
): Promise<Problem> {
  const labels = found?.labels ?? 'joint';
  const settings = describe(observation, recipe, labels, options);
  await turn();
  const { evaluate, engine, cost, dispose } = await attackClosure(observation, { ...recipe, labels });
  const { attack, group } = recipe;
  const search = searchOf(observation, recipe, options, evaluate);
  if (cost) await sayCost(attack, observation, closuresIn(search), cost);
  return {
    ...search,
    attack,
    engine,
    settings,
    dispose,
    conclude: async ({ best, history }) => {
      const { images, objective } = group ? await pickMember(evaluate, best.images, group) : best;
      const closures = (history.at(-1)?.closure ?? 0) + (group?.seeds ?? 0);
      return { images: clamped(images), ...readLabels(found, best.logits), objective, closures };
    },
  };
}

/** Says what many local steps will take, before the search starts. */
async function sayCost(
  attack: string,
  { model, client }: Observation,
  closures: number,
  cost: NonNullable<Closure['cost']>,
): Promise<void> {
  const one = await cost(ndarray([client.batchSize, ...model.imageShape], () => 0.5));
  const told = toldCost(attack, client, one, closures, process.memoryUsage.rss());
  if (told) process.emitWarning(told, 'RoglabWarning');
}

function searchOf(observation: Observation, recipe: Recipe, options: RunOptions, evaluate: Search['evaluate']): Search {
  const { seed = 1, restarts = 1 } = options;
  const { model, client } = observation;
  const { group } = recipe;
  const begin = (own: number) => ({
    start: group
      ? stacked(Array.from({ length: group.seeds }, (_, s) => recipe.start(s ? deriveSeed(own, 'member', s) : own)))
      : recipe.start(own),
    logits:
      recipe.labels === 'joint'
        ? ndarray([client.batchSize, model.classes], normalStream(deriveSeed(own, 'labels')))
        : undefined,
  });
  return {
    ...recipe,
    ...begin(seed),
    size: [model.imageShape[0], model.imageShape[1]],
    evaluate: group ? grouped(evaluate, group) : evaluate,
    evaluations: group?.seeds,
    shown: group && ((images) => member(images, group.seeds, 0)),
    sideBySide: options.checkpoint === undefined && (currentSession()?.stack ?? 1) > 1,
    restarts: Array.from({ length: restarts - 1 }, (_, r) => begin(deriveSeed(seed, 'restart', r + 1))),
  };
}

/** The labels of a reconstruction: those that were known or inferred, or the likeliest class of each soft label. */
function readLabels(
  found: InferredLabels | undefined,
  logits: NdArray | undefined,
): Pick<Reconstruction, 'labels' | 'labelSource'> {
  if (found) return { labels: found.labels, labelSource: { method: found.method, confidence: found.confidence } };
  const [batch, classes] = logits!.shape as [number, number];
  const rows = Array.from({ length: batch }, (_, b) => [...logits!.data.subarray(b * classes, (b + 1) * classes)]);
  const labels = Int32Array.from(rows, (row) => row.indexOf(Math.max(...row)));
  const confidence = rows.map((row, b) => 1 / row.reduce((sum, l) => sum + Math.exp(l - row[labels[b]!]!), 0));
  return { labels, labelSource: { method: 'searched together with the pictures', confidence } };
}
