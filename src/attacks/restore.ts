import { checkArguments } from '../core/arguments.js';
import { checkImages, imageAt, ndarray, stackImages } from '../core/arrays.js';
import { problem } from '../core/errors.js';
import { checked, memory, type Option, type OptionTable, word } from '../core/option-table.js';
import type { AttackSteps, Model, NamedArray, NdArray, Reconstruction } from '../core/types.js';
import { compile } from '../engine/index.js';
import {
  checkRestorer,
  RESTORER_CLASS_NAMES,
  RESTORER_STRIDE,
  restorerForward,
  restorerLabels,
} from '../models/restorer.js';
import { shippedRestorer } from '../models/restorer-weights.js';
import { clamped } from './search/minimise.js';

/** What the attacker knows beside the observation. */
export interface RestoreOptions {
  /**
   * What the labels mean, one name per class. A label whose name is one of CIFAR-10's classes steers the network; every
   * other one counts as unknown. Default: nothing is known.
   */
  readonly classNames?: readonly string[];
  /** Weights of your own, as restorerWeights() orders them; default: those that come with the library. */
  readonly weights?: readonly NamedArray[];
}

/** The least height and width of a picture. */
const SMALLEST_RESTORED = 16;

/**
 * ROG's postprocessing: every picture through a network that maps raw reconstructions to natural pictures.
 *
 * It uses knowledge that no observation holds: that the pictures are natural ones like CIFAR-10's, on whose training
 * images the network was trained, and, with `classNames`, what the labels mean. It can therefore draw detail that was
 * never in the private image; scores of restored pictures measure the attack and that knowledge together. The raw
 * pictures are kept as `raw`. Any size from 16x16. The network was trained on 32x32 and runs over larger pictures as it
 * is: on 128x128 that came nearer to the private pictures than restoring them at 64x64 or 32x32. Where every entry of
 * the update is exact it has nothing to mend.
 * Source: Yue et al. 2023, section 4.3 (postprocessing).
 * @throws pictures that are not RGB, too small, outside [0, 1] or NaN; weights that are not the network's
 * @example const better = await rog.attacks.restore(await rog.rog(observed), { classNames: data.classNames });
 */
export async function restore(result: Reconstruction, options: RestoreOptions = {}): Promise<Reconstruction> {
  checkArguments('restore', 'restore(result)', { reconstruction: result });
  checked('restore', options, OPTIONS);
  const { classNames, weights } = options;
  const began = performance.now();
  const raw = result.raw ?? result.images;
  const labels = Array.from(result.labels, (label) => meaning(classNames, label));
  const images = await restoreImages(raw, labels, weights);
  const postprocess = { name: 'restorer', labels: labels.filter((label) => label !== undefined).length };
  return {
    ...result,
    images,
    raw,
    seconds: result.seconds + (performance.now() - began) / 1000,
    settings: { ...result.settings, postprocess },
  };
}

/** The class of the network's that a label stands for. */
function meaning(classNames: readonly string[] | undefined, label: number): number | undefined {
  const found = RESTORER_CLASS_NAMES.indexOf((classNames?.[label] ?? '').toLowerCase());
  return found < 0 ? undefined : found;
}

/** Options of attacks that can end with {@link restore}. */
export interface PostprocessOptions extends Pick<RestoreOptions, 'classNames'> {
  /** `restorer`: restore() at the end. Default `none`: it draws on knowledge that no observation holds. */
  readonly postprocess?: 'none' | 'restorer';
}

export const classNamesOption: Option<readonly string[]> = memory(
  'what the labels mean, one name per class',
  'a list of names',
  (value) => Array.isArray(value) && value.every((name) => typeof name === 'string'),
);

export const POSTPROCESS_OPTIONS = {
  postprocess: word('what is done with the pictures at the end', ['none', 'restorer'], 'none'),
  classNames: classNamesOption,
} satisfies OptionTable<PostprocessOptions>;

const OPTIONS = {
  classNames: classNamesOption,
  weights: memory('of your own', 'a list of arrays', Array.isArray),
} satisfies OptionTable<RestoreOptions>;

/** The steps of an attack, then {@link restore} if that is asked for. Refuses pictures it cannot take. */
export function postprocessed(
  where: string,
  steps: AttackSteps,
  { imageShape: [height, width, channels] }: Pick<Model, 'imageShape'>,
  { postprocess = 'none', classNames }: PostprocessOptions,
): AttackSteps {
  if (postprocess === 'none') return steps;
  checkSize(where, height, width, channels);
  return thenRestore(steps, classNames);
}

async function* thenRestore(steps: AttackSteps, classNames?: readonly string[]) {
  const weights = await shippedRestorer(); // missing or damaged weights are told before the attack, not after it
  return restore(yield* steps, { classNames, weights });
}

function checkSize(where: string, height: number, width: number, channels: number): void {
  if (channels !== 3) throw problem(where, 'the restorer takes pictures of 3 channels (RGB)', channels);
  if (Math.min(height, width) < SMALLEST_RESTORED)
    throw problem(
      where,
      `the restorer takes pictures of at least ${SMALLEST_RESTORED}x${SMALLEST_RESTORED} pixels`,
      `${height}x${width}`,
    );
}

/** Pictures [n, h, w, 3] in [0, 1] restored one by one; `labels` are classes of CIFAR-10 or undefined. */
export async function restoreImages(
  images: NdArray,
  labels: readonly (number | undefined)[],
  weights?: readonly NamedArray[],
): Promise<NdArray> {
  checkImages('restore', images);
  const [count, height, width, channels] = images.shape as [number, number, number, number];
  checkSize('restore', height, width, channels);
  const parameters = weights ?? (await shippedRestorer());
  checkRestorer('restore', parameters);
  const padded = framed(images, multipleOf(RESTORER_STRIDE, height), multipleOf(RESTORER_STRIDE, width));
  const step = await compile(
    (x, y, ...given) => restorerForward(given, x, y),
    [imageAt(padded, 0), restorerLabels([0])],
    {
      constants: parameters,
      name: 'restorer',
    },
  );
  try {
    const done: NdArray[] = [];
    for (let i = 0; i < count; i++) {
      const [restored] = await step.run(imageAt(padded, i), restorerLabels([labels[i]]));
      done.push(restored!);
    }
    return clamped(framed(stackImages(done), height, width));
  } finally {
    step.dispose();
  }
}

const multipleOf = (stride: number, n: number): number => Math.ceil(n / stride) * stride;

/** The upper left part of that size; beyond the picture its last row and column are repeated. */
function framed({ shape, data }: NdArray, height: number, width: number): NdArray {
  const [count, rows, columns, channels] = shape as [number, number, number, number];
  if (rows === height && columns === width) return { shape, data };
  const out = ndarray([count, height, width, channels]);
  for (let n = 0; n < count; n++)
    for (let y = 0; y < height; y++)
      for (let x = 0; x < width; x++) {
        const from = ((n * rows + Math.min(y, rows - 1)) * columns + Math.min(x, columns - 1)) * channels;
        out.data.set(data.subarray(from, from + channels), ((n * height + y) * width + x) * channels);
      }
  return out;
}
