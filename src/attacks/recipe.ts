import { loadCheckpoint, saveCheckpoint } from '../assets/index.js';
import { checkFinite, checkMatches } from '../core/arrays.js';
import { problem } from '../core/errors.js';
import type { Observation, Progress, Reconstruction } from '../core/types.js';
import { interrupts } from '../engine/index.js';
import { attackClosure, type ClosureOptions } from './closure.js';
import { inferLabels } from './labels.js';
import { asProgress, clamped, minimise, type Search, type SearchState, searchStart } from './minimise.js';

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
  /** A file that lets a killed run resume to the same result; removed when the attack has finished. */
  readonly checkpoint?: string;
}

export const RUN_OPTIONS = ['seed', 'onProgress', 'signal', 'checkpoint'] as const;

/** What a paper's recipe adds to the shared parts. */
export interface Recipe extends Omit<ClosureOptions, 'labels'>, Pick<Search, 'stages' | 'box' | 'signed' | 'start'> {
  readonly attack: string;
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
  const interrupt = interrupts();
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
  const { labels, method, confidence } = observation.labels
    ? { labels: observation.labels, method: 'given', confidence: Array.from(observation.labels, () => 1) }
    : await inferLabels(observation);
  const settings = describe(observation, recipe, labels, options.seed ?? 1);
  const closure = await attackClosure(observation, { ...recipe, labels });
  try {
    const [height, width] = observation.model.imageShape;
    const search: Search = { ...recipe, size: [height, width], evaluate: closure.evaluate };
    let state = (await resume(options.checkpoint, settings, search)) ?? searchStart(search);
    let saved = performance.now();
    if (!stop() || state.history.length === 0)
      for await (state of minimise(search, state)) {
        if (options.checkpoint && performance.now() - saved > CHECKPOINT_EVERY_MS) {
          await save(options.checkpoint, settings, state);
          saved = performance.now();
        }
        yield asProgress(search, state);
        if (stop()) break;
      }
    const finished = asProgress(search, state).total === state.history.length;
    if (options.checkpoint && !finished) await save(options.checkpoint, settings, state);
    return {
      kind: 'reconstruction',
      attack: recipe.attack,
      images: clamped(state.best.images),
      labels,
      labelSource: { method, confidence },
      objective: state.best.objective,
      history: state.history,
      closures: state.history.length,
      seconds: state.seconds,
      engine: closure.engine,
      settings,
      stopped: finished ? 'finished' : 'cancelled',
    };
  } finally {
    closure.dispose();
  }
}

/** Runs the steps of an attack to the end, reporting progress. */
export async function finish(
  steps: AsyncGenerator<Progress, Reconstruction>,
  onProgress?: (progress: Progress) => void,
): Promise<Reconstruction> {
  for (;;) {
    const { done, value } = await steps.next();
    if (done) return value;
    onProgress?.(value);
  }
}

const CHECKPOINT_EVERY_MS = 2000;

/** Refuses what is no observation, or one whose update is not the model's or not finite. */
export function checkObservation(where: string, observation: Observation): void {
  if (observation?.kind !== 'observation')
    throw problem(
      where,
      'the first argument must be an observation',
      observation,
      'make one with observe(model, update)',
    );
  checkMatches(where, observation.tensors, observation.model.parameters);
  checkFinite(where, observation.tensors);
}

/** Everything that decides the result, as JSON. */
function describe(observation: Observation, recipe: Recipe, labels: Int32Array, seed: number): Record<string, unknown> {
  const { attack, objective, prior, weight, simulate, stages, box, signed = false } = recipe;
  const { model, client, obfuscation } = observation;
  const { name, parameters } = obfuscation;
  return {
    attack,
    objective,
    prior,
    weight,
    simulate,
    stages,
    box: box ?? null,
    signed,
    seed,
    labels: [...labels],
    client: { ...client },
    model: model.name,
    imageShape: [...model.imageShape],
    classes: model.classes,
    obfuscation: { name, ...parameters },
    update: fingerprint(observation.tensors.map(({ data }) => data)),
  };
}

/** A short number that tells one update from another. */
function fingerprint(arrays: readonly Float32Array[]): number {
  let hash = 0x811c9dc5;
  for (const array of arrays)
    for (const word of new Uint32Array(array.buffer, array.byteOffset, array.length))
      hash = Math.imul(hash ^ word, 0x01000193);
  return hash >>> 0;
}

async function save(path: string, settings: Record<string, unknown>, state: SearchState): Promise<void> {
  const { latent, adam, best, history, stage, step, seconds } = state;
  const flat = (name: string, data: Float32Array) => ({ name, shape: [data.length], data });
  await saveCheckpoint(path, {
    settings,
    state: {
      arrays: [
        { name: 'latent', ...latent },
        flat('first', adam.first),
        flat('second', adam.second),
        { name: 'best', ...best.images },
      ],
      numbers: { stage, step, steps: adam.steps, objective: best.objective, history, seconds },
    },
  });
}

async function resume(
  path: string | undefined,
  settings: Record<string, unknown>,
  search: Search,
): Promise<SearchState | undefined> {
  const loaded = path ? await loadCheckpoint(path, settings) : undefined;
  if (!loaded) return undefined;
  const { arrays, numbers } = loaded;
  const array = (name: string) => arrays.find((a) => a.name === name)!;
  const plain = (name: string) => ({ shape: array(name).shape, data: array(name).data });
  const start = searchStart(search);
  return {
    stage: numbers.stage as number,
    step: numbers.step as number,
    latent: plain('latent'),
    adam: { first: array('first').data, second: array('second').data, steps: numbers.steps as number },
    best: { objective: numbers.objective as number, images: plain('best') },
    history: numbers.history as typeof start.history,
    seconds: numbers.seconds as number,
  };
}
