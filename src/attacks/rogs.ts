import type { HeldCheckpoint } from '../assets/index.js';
import { problem } from '../core/errors.js';
import { memory, type OptionTable, whole, word } from '../core/option-table.js';
import type { Observation, Progress, Reconstruction } from '../core/types.js';
import { stoppable } from '../engine/index.js';
import { type Generator, shippedGenerator } from '../models/generator-weights.js';
import { labelsOf } from './infer-labels.js';
import { classOf, classRows, type Meaning } from './latent/class-meaning.js';
import { decoder } from './latent/decoder.js';
import { labelSearch } from './latent/label-search.js';
import { LATENT_OPTIONS, type LatentOptions, latentSearch } from './latent/search.js';
import { matchOf } from './latent/update-match.js';
import { classNamesOption } from './restore.js';
import { rogSteps } from './rog.js';
import { type Needs, opened, taken } from './search/needs.js';
import { RUN_OPTIONS, type RunOptions } from './search/recipe.js';
import { finish, runSearch } from './search/run-search.js';
import { holding } from './search/saved-search.js';

/** Options of {@link rogs}. */
export interface RogsOptions extends RunOptions, Partial<Meaning>, LatentOptions {
  /** The raw reconstruction to start from; default: rog() is run first, with the same seed. */
  readonly raw?: Pick<Reconstruction, 'images'>;
  /** Default: the one that comes with the library. */
  readonly generator?: Generator;
}

/** What {@link rogs} needs. */
export const ROGS_NEEDS: Needs = { labels: 'readable' };

export const ROGS_OPTIONS = {
  ...RUN_OPTIONS,
  restarts: whole('starting points, the best by the objective is kept', 1, { to: 5 }),
  ...LATENT_OPTIONS,
  raw: memory('the raw reconstruction', 'a reconstruction', (value) => 'images' in Object(value)),
  generator: memory('another generator', 'a generator', (value) => 'design' in Object(value)),
  classNames: classNamesOption,
  classes: word("whether labels are the generator's classes", ['labels', 'unknown'], 'labels'),
} satisfies OptionTable<RogsOptions>;

/**
 * ROGS: reconstruction at the semantic level. Where the picture itself cannot be rebuilt, what it means still leaks:
 * the search runs over the latent of a class-conditional generator G instead of pixels,
 *
 *     min over z, o of  D(phi-aware; update of G(z, y, o), observed) + prior |z|^2 + tie |z - z_raw|^2 + relax |o|^2
 *
 * with means instead of sums of squares. It starts at the best, by D after a few closures, of the low frequencies of
 * the raw reconstruction, the class's mean and draws; only where the raw reconstruction is the best is the search tied
 * to it. Coarse to fine: the leading entries of z (the largest structures) first, then all, then, with `relax`, offsets
 * o of G's features.
 *
 * At the end, what the update leaves open is drawn from the prior, see `draws`.
 *
 * G was trained on CIFAR-10's training images: like restore() it draws detail that no observation holds, so its
 * pictures look natural even where they are wrong. Score them by what they claim: class, label sets, retrieval rank
 * (see retrievalRank()). Labels: given, or inferred; inferred ones that do not stand out are tried against the other
 * classes.
 * Source: Yue et al. 2023 leave this part a stub; search in a generator's latent: Jeon et al. 2021 (GIAS), Li et al.
 * 2022 (GGL).
 * @throws a label that is none of the generator's classes; a generator of another image size; labels that are neither
 * given nor readable
 * @example
 * const { images, labels, explained } = await rog.attacks.rogs(observed,
 *   { raw: await rog.rog(observed), classes: 'unknown' })
 */
export function rogs(observation: Observation, options: RogsOptions = {}): Promise<Reconstruction> {
  return finish(rogsSteps(observation, options), options.onProgress);
}

/** The same attack as an async iterator over its progress; the value of the last step is the reconstruction. */
export async function* rogsSteps(
  observation: Observation,
  options: RogsOptions = {},
): AsyncGenerator<Progress, Reconstruction> {
  const given = opened('rogs', observation, options, ROGS_OPTIONS, ROGS_NEEDS);
  const { defenseAware, classNames, classes, seed, signal, checkpoint, checkpointSeconds } = given;
  const seen = taken('rogs', observation, defenseAware);
  const generator = options.generator ?? (await shippedGenerator());
  checkSize(generator, seen);
  const meaning = classOf(generator, { classNames, classes });
  if (seen.labels) for (const label of seen.labels) meaning(label); // before the raw reconstruction, not after it
  const began = performance.now();
  const searching = async function* (
    stop: () => boolean,
    held?: HeldCheckpoint,
  ): AsyncGenerator<Progress, Reconstruction> {
    const raw = options.raw ?? (yield* rogSteps(observation, { seed, defenseAware, signal }));
    checkRaw(raw, seen);
    const found = await labelsOf(seen, stop);
    const match = await matchOf(seen, found.labels, seed);
    const decoding = await decoder(generator, seen.client.batchSize);
    try {
      const labels = await labelSearch(seen, found, match, decoding, generator, meaning, raw.images, stop);
      const rows = classRows(Array.from(labels.labels, meaning), generator.design.classes);
      const given = { observation: seen, labels, rows, match, decoding, raw: raw.images, began };
      const begun = stop() ? undefined : held; // what was cut short is of other settings: the file stays as it is
      const { problem, stages } = await latentSearch(given, options);
      return yield* runSearch(problem, stages, { stop, held: begun, checkpointSeconds });
    } finally {
      decoding.dispose();
      match.dispose();
    }
  };
  return yield* holding(checkpoint, (held) => stoppable('rogs', signal, (stop) => searching(stop, held)));
}

function checkRaw({ images }: Pick<Reconstruction, 'images'>, { client, model }: Observation): void {
  const shape = [client.batchSize, ...model.imageShape];
  if (String(images.shape) !== String(shape))
    throw problem('rogs', `raw must hold images of shape [${shape}]`, images.shape);
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
