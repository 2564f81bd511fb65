import { problem } from '../core/errors.js';
import { memory, type OptionTable, whole, word } from '../core/option-table.js';
import type { AttackSteps, Observation, Reconstruction } from '../core/types.js';
import { stoppable } from '../engine/index.js';
import { type Generator, shippedGenerator } from '../models/generator-weights.js';
import { classOf, type Meaning } from './latent/class-meaning.js';
import { LATENT_OPTIONS, type LatentOptions, latentSearch } from './latent/search.js';
import { classNamesOption } from './restore.js';
import { rogSteps } from './rog.js';
import { type Needs, opened, taken } from './search/needs.js';
import { RUN_OPTIONS, type RunOptions } from './search/recipe.js';
import { finish } from './search/run-search.js';
import { holding } from './search/saved-search.js';

/** Options of {@link rogs}. */
export interface RogsOptions extends RunOptions, Partial<Meaning>, LatentOptions {
  /** The raw reconstruction to start from; default: rog() is run first, with the same seed. */
  readonly raw?: Pick<Reconstruction, 'images'>;
  /** Default: the one that comes with the library. */
  readonly generator?: Generator;
}

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
 * the raw reconstruction, the class's mean and draws, tied to the first where that is the best. Coarse to fine: leading
 * entries of z first, then all, then, with `relax`, offsets o of G's features; at the end see `draws`.
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
export async function* rogsSteps(observation: Observation, options: RogsOptions = {}): AttackSteps {
  const given = opened('rogs', observation, options, ROGS_OPTIONS, ROGS_NEEDS);
  const { defenseAware, classNames, classes, seed, signal, checkpoint, checkpointSeconds } = given;
  const seen = taken('rogs', observation, defenseAware);
  const { client, model, labels } = seen;
  const generator = options.generator ?? (await shippedGenerator());
  checkShape('the generator makes images', generator.imageShape, model.imageShape, OTHER);
  const meaning = classOf(generator, { classNames, classes });
  labels?.forEach(meaning); // before the raw reconstruction, not after it
  const began = performance.now();
  return yield* holding(checkpoint, (held) =>
    stoppable('rogs', signal, async function* (stop) {
      const raw = options.raw ?? (yield* rogSteps(observation, { seed, defenseAware, signal }));
      checkShape('raw must hold images', [client.batchSize, ...model.imageShape], raw.images.shape);
      const asked = { observation: seen, generator, meaning, raw: raw.images, began };
      return yield* latentSearch(asked, options, { stop, held, checkpointSeconds });
    }),
  );
}

const OTHER = 'a model for that size, or a generator for this one';

function checkShape(rule: string, wanted: readonly number[], got: readonly number[], fix?: string): void {
  if (String(got) !== String(wanted)) throw problem('rogs', `${rule} of shape [${wanted}]`, got, fix);
}
