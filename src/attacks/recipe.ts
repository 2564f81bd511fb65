import { ndarray } from '../core/arrays.js';
import { integer } from '../core/options.js';
import { deriveSeed, normalStream } from '../core/random.js';
import type { NdArray, Observation, Progress, Reconstruction } from '../core/types.js';
import { interrupts } from '../engine/index.js';
import { attackClosure, type ClosureOptions } from './closure.js';
import { type Group, grouped, member, pickMember, stacked } from './group.js';
import { type InferredLabels, labelsOf } from './labels.js';
import { asProgress, clamped, minimise, type Search, type SearchState, searchStart } from './minimise.js';
import { checkObservation } from './needs.js';
import { loadSearch, saveSearch } from './resume.js';
import { describe } from './settings.js';

/** Options that every attack takes. */
export interface RunOptions {
  /** Seed of the starting point; default 1. */
  readonly seed?: number;
  /** Called after every closure. */
  readonly onProgress?: (progress: Progress) => void;
  /**
   * Stops the attack after the running closure; the best so far is returned with `stopped: 'cancelled'`.
   * A notebook's interrupt does the same.
   */
  readonly signal?: AbortSignal;
  /** A file that lets a killed run resume to the same result. */
  readonly checkpoint?: string;
  /**
   * Starting points tried one after the other, each with all closures; the best by the objective is kept. Default 1. (All in
   * one compiled step, four restarts of LeNet took 0.92 to 1.09 times as long, and three times as long to compile.)
   */
  readonly restarts?: number;
}

export const RUN_OPTIONS = ['seed', 'onProgress', 'signal', 'checkpoint', 'restarts'] as const;

/** What a paper's recipe adds to the shared parts. */
export interface Recipe
  extends Omit<ClosureOptions, 'labels'>,
    Pick<Search, 'stages' | 'box' | 'signed' | 'optimizer'> {
  readonly attack: string;
  /** The first stage's latent, from a seed. */
  readonly start: (seed: number) => NdArray;
  /** `joint`: soft labels from N(0, 1) logits are searched together with the pictures. Default: given, or inferred. */
  readonly labels?: 'joint';
  /** Several searches that pull each other towards their mean (Yin et al. 2021). Default: one alone. */
  readonly group?: Group;
  /** Whether the objective knows phi; written into the settings. */
  readonly defenseAware: boolean;
}

/**
 * Runs a recipe on an observation: labels (given or inferred), one compiled objective, one search, best by objective.
 * @yields progress after every closure; @returns the reconstruction.
 */
export async function* runRecipe(
  observation: Observation,
  recipe: Recipe,
  options: RunOptions,
): AsyncGenerator<Progress, Reconstruction> {
  checkObservation(recipe.attack, observation);
  const { seed = 1, restarts = 1 } = options;
  integer(recipe.attack, 'seed', seed, 0);
  integer(recipe.attack, 'restarts', restarts, 1);
  const interrupt = interrupts(recipe.attack);
  try {
    return yield* steps(observation, recipe, options, () => interrupt.hit() || (options.signal?.aborted ?? false));
  } finally {
    interrupt.release();
  }
}

async function* steps(
  observation: Observation,
  recipe: Recipe,
  options: RunOptions,
  stop: () => boolean,
): AsyncGenerator<Progress, Reconstruction> {
  const found = recipe.labels === 'joint' ? undefined : await labelsOf(observation);
  const labels = found?.labels ?? 'joint';
  const settings = describe(observation, recipe, labels, options);
  const closure = await attackClosure(observation, { ...recipe, labels });
  try {
    const search = searchOf(observation, recipe, options, closure.evaluate);
    let state = (options.checkpoint && (await loadSearch(options.checkpoint, settings))) || searchStart(search);
    let saved = performance.now();
    let stopped = state.history.length > 0 && stop();
    if (!stopped)
      for await (state of minimise(search, state)) {
        if (options.checkpoint && performance.now() - saved > CHECKPOINT_EVERY_MS) {
          await saveSearch(options.checkpoint, settings, state);
          saved = performance.now();
        }
        yield asProgress(search, state);
        stopped = stop() && !isLast(search, state);
        if (stopped) break;
      }
    if (options.checkpoint && stopped) await saveSearch(options.checkpoint, settings, state);
    const chosen = recipe.group ? await pickMember(closure.evaluate, state.best.images, recipe.group) : state.best;
    const closures = (state.history.at(-1)?.closure ?? 0) + (recipe.group?.seeds ?? 0);
    return {
      kind: 'reconstruction',
      attack: recipe.attack,
      images: clamped(chosen.images),
      ...readLabels(found, state.best.logits),
      objective: chosen.objective,
      history: state.history,
      closures,
      seconds: state.seconds,
      engine: closure.engine,
      settings,
      stopped: stopped ? 'cancelled' : 'finished',
    };
  } finally {
    closure.dispose();
  }
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
    restarts: Array.from({ length: restarts - 1 }, (_, r) => begin(deriveSeed(seed, 'restart', r + 1))),
  };
}

/** Nothing follows this state: its restart was the last, and it is through or has converged. */
function isLast(search: Search, state: SearchState): boolean {
  const through = state.stage === search.stages.length - 1 && state.step === search.stages[state.stage]!.closures;
  return state.restart === (search.restarts?.length ?? 0) && (through || state.converged);
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

/** Runs the steps of an attack to the end, reporting progress; one more report when it ended before its last closure. */
export async function finish(
  steps: AsyncGenerator<Progress, Reconstruction>,
  onProgress?: (progress: Progress) => void,
): Promise<Reconstruction> {
  let last: Progress | undefined;
  for (;;) {
    const { done, value } = await steps.next();
    if (!done) {
      last = value;
      onProgress?.(value);
      continue;
    }
    if (last && last.closure < last.total)
      onProgress?.({
        ...last,
        objective: value.objective,
        secondsLeft: 0,
        images: () => value.images,
        ended: value.stopped === 'cancelled' ? 'stopped' : 'converged',
      });
    return value;
  }
}

const CHECKPOINT_EVERY_MS = 2000;
