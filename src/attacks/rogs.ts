import { oneHot } from '../core/arrays.js';
import { problem } from '../core/errors.js';
import { checkOptions, integer, number, oneOf } from '../core/options.js';
import { deriveSeed } from '../core/random.js';
import type { NdArray, Observation, Progress, Reconstruction } from '../core/types.js';
import { interrupts } from '../engine/index.js';
import { type Generator, shippedGenerator } from '../models/generator-weights.js';
import { labelsOf } from './labels.js';
import { asProgress, minimise, type Search, type SearchState, searchStart } from './minimise.js';
import { checkNeeds, checkObservation, type Needs, taken } from './needs.js';
import { finish, type RunOptions } from './recipe.js';
import { loadSearch, saveSearch } from './resume.js';
import { rogSteps } from './rog.js';
import { classOf, classRows, type Meaning } from './semantic/classes.js';
import { confidences } from './semantic/confidence.js';
import { type Decoder, decoder } from './semantic/decoder.js';
import { detailed } from './semantic/detail.js';
import { labelSearch } from './semantic/labels.js';
import { type Match, matchOf } from './semantic/match.js';
import { candidates, problemOf } from './semantic/problem.js';
import { isRaw, startsOf } from './semantic/starts.js';
import { stagesOf, weightsFor } from './semantic/tuning.js';
import { fingerprint } from './settings.js';

/** Options of {@link rogs}. */
export interface RogsOptions extends RunOptions, Partial<Meaning> {
  /** Objective-and-gradient evaluations of one start; default 120. */
  readonly iterations?: number;
  /** Weight of the mean of z^2; default by objective. */
  readonly prior?: number;
  /** Weight of the tie to the raw reconstruction's low frequencies, where that is the best start; default by objective. */
  readonly tie?: number;
  /** Whether the last part of the search may leave the generator's range, by offsets of its features; default true. */
  readonly relax?: boolean;
  /**
   * Draws of what the update leaves open, from the prior, at the end: the picture of the most probable z is blurred. The draw
   * that matches best is kept. 0: none. Default 6.
   */
  readonly draws?: number;
  /** The raw reconstruction to start from; default: rog() is run first, with the same seed. */
  readonly raw?: Pick<Reconstruction, 'images'>;
  /** Default: the one that comes with the library. */
  readonly generator?: Generator;
  /** Whether the objective knows phi; default true. */
  readonly defenseAware?: boolean;
}

/** What {@link rogs} needs. */
export const ROGS_NEEDS: Needs = { labels: 'readable' };

const OPTIONS = [
  ...['seed', 'onProgress', 'signal', 'checkpoint', 'restarts', 'iterations', 'prior', 'tie', 'relax', 'draws', 'raw'],
  ...['generator', 'defenseAware', 'classNames', 'classes'],
];

/**
 * ROGS: reconstruction at the semantic level. Where the picture itself cannot be rebuilt, what it means still leaks: the search
 * runs over the latent of a class-conditional generator G instead of pixels,
 *
 *     min over z, o of  D(phi-aware; update of G(z, y, o), observed) + prior |z|^2 + tie |z - z_raw|^2 + relax |o|^2
 *
 * with means instead of sums of squares. It starts at the best, by D after a few closures, of the low frequencies of
 * the raw reconstruction, the class's mean and draws; only where the raw reconstruction is the best is the search tied to it. Coarse to fine:
 * the leading entries of z (the largest structures) first, then all, then, with `relax`, offsets o of G's features.
 *
 * At the end, what the update leaves open is drawn from the prior, see `draws`.
 *
 * G was trained on CIFAR-10's training images: like restore() it draws detail that no observation holds, so its pictures look
 * natural even where they are wrong. Score them by what they claim: class, label sets, retrieval rank (see retrievalRank()).
 * Labels: given, or inferred; inferred ones that do not stand out are tried against the other classes.
 * Errors: a label that is none of the generator's classes; a generator of another image size; labels that are neither given nor readable.
 * Source: Yue et al. 2023 leave this part a stub; search in a generator's latent: Jeon et al. 2021 (GIAS), Li et al. 2022 (GGL).
 * @example const { images, labels, confidence } = await rogs(observed, { raw: await rog(observed), classNames: data.classNames })
 */
export function rogs(observation: Observation, options: RogsOptions = {}): Promise<Reconstruction> {
  return finish(rogsSteps(observation, options), options.onProgress);
}

/** The same attack as an async iterator over its progress; the value of the last step is the reconstruction. */
export async function* rogsSteps(
  observation: Observation,
  options: RogsOptions = {},
): AsyncGenerator<Progress, Reconstruction> {
  check(observation, options);
  const { defenseAware = true, classNames, classes = 'labels', seed = 1 } = options;
  const seen = taken('rogs', observation, defenseAware);
  const generator = options.generator ?? (await shippedGenerator());
  checkSize(generator, seen);
  const meaning = classOf(generator, { classNames, classes });
  if (seen.labels) for (const label of seen.labels) meaning(label); // before the raw reconstruction, not after it
  const began = performance.now();
  const interrupt = interrupts('rogs');
  const stop = (): boolean => interrupt.hit() || (options.signal?.aborted ?? false);
  try {
    const raw = options.raw ?? (yield* rogSteps(observation, { seed, defenseAware, signal: options.signal }));
    checkRaw(raw, seen);
    const found = await labelsOf(seen);
    const match = await matchOf(seen, found.labels, seed);
    const decoding = await decoder(generator, seen.client.batchSize);
    try {
      const labels = await labelSearch(seen, found, match, decoding, generator, meaning, raw.images);
      const rows = classRows(Array.from(labels.labels, meaning), generator.design.classes);
      const setup = { observation: seen, options, labels, rows, match, decoding, raw: raw.images, began };
      return yield* searching(setup, stop);
    } finally {
      decoding.dispose();
      match.dispose();
    }
  } finally {
    interrupt.release();
  }
}

function checkRaw({ images }: Pick<Reconstruction, 'images'>, { client, model }: Observation): void {
  const shape = [client.batchSize, ...model.imageShape];
  if (String(images.shape) !== String(shape))
    throw problem('rogs', `raw must hold images of shape [${shape}]`, images.shape);
}

interface Setup {
  readonly observation: Observation;
  readonly options: RogsOptions;
  readonly labels: Awaited<ReturnType<typeof labelsOf>>;
  readonly rows: NdArray;
  readonly match: Match;
  readonly decoding: Decoder;
  readonly raw: NdArray;
  readonly began: number;
}

async function* searching(setup: Setup, stop: () => boolean): AsyncGenerator<Progress, Reconstruction> {
  const { observation, options, labels, rows, match, decoding, raw, began } = setup;
  const {
    seed = 1,
    iterations = 120,
    restarts = 1,
    relax = true,
    draws = 6,
    checkpoint,
    defenseAware = true,
  } = options;
  const targets = oneHot('rogs', labels.labels, observation.model.classes);
  const anchor = await decoding.encode(raw, rows);
  const tuned = weightsFor(observation, match, decoding.latent);
  const free = { ...tuned, prior: options.prior ?? tuned.prior, tie: 0 };
  const stages = stagesOf(iterations, relax);
  const trial = problemOf(match, decoding, rows, targets, anchor, free, stages.slice(0, 1));
  const list = candidates(anchor, decoding.latent, 2, deriveSeed(seed, 'draw'));
  const starts = await startsOf(list, trial.evaluate);
  const weights = { ...free, tie: isRaw(starts[0]!) ? (options.tie ?? tuned.tie) : 0 };
  const { evaluate, latest } = problemOf(match, decoding, rows, targets, anchor, weights, stages);
  const settings = {
    ...{
      attack: 'rogs',
      method: match.method,
      objective: match.objective,
      ...weights,
      relax,
      draws,
      iterations,
      seed,
      restarts,
    },
    ...{ defenseAware, start: starts.slice(0, restarts).map(({ name }) => name), labels: [...labels.labels] },
    ...{ model: observation.model.name, obfuscation: observation.obfuscation.name, client: { ...observation.client } },
    update: fingerprint(observation.tensors.map(({ data }) => data)),
  };
  const points = starts.slice(0, restarts).map(({ point }) => ({ start: point }));
  const search: Search = { evaluate, stages, size: [1, 1], start: points[0]!.start, restarts: points.slice(1) };
  const before = (performance.now() - began) / 1000;
  let state: SearchState = (checkpoint && (await loadSearch(checkpoint, settings))) || {
    ...searchStart(search),
    seconds: before,
  };
  let stopped = state.history.length > 0 && stop();
  let saved = performance.now();
  if (!stopped)
    for await (state of minimise(search, state)) {
      if (checkpoint && performance.now() - saved > 2000) {
        await saveSearch(checkpoint, settings, state);
        saved = performance.now();
      }
      const images = latest() ?? raw;
      yield { ...asProgress(search, state), images: () => images };
      stopped = stop() && state.history.length < iterations * points.length;
      if (stopped) break;
    }
  if (checkpoint && stopped) await saveSearch(checkpoint, settings, state);
  const chosen = await bestDraw(state.best, draws, deriveSeed(seed, 'detail'), setup, targets);
  const images = await decoding.images(chosen.images, rows);
  return {
    kind: 'reconstruction',
    attack: 'rogs',
    images,
    raw,
    confidence: await confidences(match, decoding, chosen.images, rows, targets),
    labels: labels.labels,
    labelSource: { method: labels.method, confidence: labels.confidence },
    objective: chosen.objective,
    history: state.history,
    closures: state.history.length,
    seconds: state.seconds,
    engine: match.engine,
    settings,
    stopped: stopped ? 'cancelled' : 'finished',
  };
}

/** Of several draws of the details the one whose update matches best; the point itself where none are asked for. */
async function bestDraw(
  found: SearchState['best'],
  draws: number,
  seed: number,
  { decoding, rows, match }: Setup,
  targets: NdArray,
): Promise<Pick<SearchState['best'], 'images' | 'objective'>> {
  const each: { images: NdArray; objective: number }[] = [];
  for (let k = 0; k < draws; k++) {
    const images = detailed(found.images, decoding.latent, deriveSeed(seed, 'draw', k));
    each.push({ images, objective: (await match.evaluate(await decoding.images(images, rows), targets)).objective });
  }
  return each.sort((a, b) => a.objective - b.objective)[0] ?? found;
}

function check(observation: Observation, options: RogsOptions): void {
  checkObservation('rogs', observation);
  checkOptions('rogs', options, OPTIONS);
  const { seed, iterations, restarts, draws, prior, tie, classes } = options;
  if (seed !== undefined) integer('rogs', 'seed', seed, 0);
  if (iterations !== undefined) integer('rogs', 'iterations', iterations, 1);
  if (restarts !== undefined) integer('rogs', 'restarts', restarts, 1, 5);
  if (draws !== undefined) integer('rogs', 'draws', draws, 0);
  if (prior !== undefined) number('rogs', 'prior', prior, 0, Number.POSITIVE_INFINITY);
  if (tie !== undefined) number('rogs', 'tie', tie, 0, Number.POSITIVE_INFINITY);
  if (classes !== undefined) oneOf('rogs', 'classes', classes, ['labels', 'unknown']);
  checkNeeds('rogs', observation, ROGS_NEEDS);
}

function checkSize({ imageShape }: Generator, { model }: Observation): void {
  if (String(imageShape) !== String(model.imageShape))
    throw problem(
      'rogs',
      `the generator makes images of shape [${imageShape}]`,
      model.imageShape,
      'a model for that size, or a generator for this one',
    );
}
