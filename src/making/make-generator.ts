import { join } from 'node:path';
import { warnsOnce, writeAtomic } from '../assets/index.js';
import type { NamedArray } from '../core/types.js';
import type { Dataset } from '../data/index.js';
import { drawSamples, rebuildImages } from '../models/generated.js';
import { generatorFrom } from '../models/generator-weights.js';
import { shippedModel } from '../models/index.js';
import { RESTORER_CLASS_NAMES } from '../models/restorer.js';
import { imageGridPng } from '../report/index.js';
import type { FitOptions } from '../training/index.js';
import { classGaussians } from './generator-gaussian.js';
import { generatorQuality } from './generator-quality.js';
import { GENERATOR_PHASES, GENERATOR_RECIPE, HELD_OUT, shippedPart, trainGenerator } from './generator-training.js';

const { pixels, features, critic, kept, batch, samples: perEpoch, average } = GENERATOR_RECIPE;

/** What decides the weights, for the card. */
export const GENERATOR_RECIPE_TEXT = [
  'mean and covariance of the low frequencies (DCT) of each class, measured; a U-Net that adds what they lack, trained',
  `half of every batch rebuilt from its own latent (of which it keeps ${kept} to 1, the rest noise): ` +
    `${pixels} x mean absolute error + ${features} x feature distance of trunk-loss`,
  `half drawn; both against four small heads on features of trunk-loss: hinge loss, projected class, weight ${critic}`,
  `${perEpoch} images an epoch, steps of ${batch} rebuilt and ${batch} drawn; Adam(0.5, 0.99), gradients ` +
    `clipped to norm 20; running mean of the weights, decay ${average}`,
  ...GENERATOR_PHASES.map(
    ({ share, classes, rate, until }, k) =>
      `phase ${k + 1}: ${(100 * share).toFixed(0)} % of the epochs, classes of trunk-loss on drawn ones with ` +
      `weight ${classes}, rate ${rate} falling by ${(100 * until).toFixed(0)} % of a cosine`,
  ),
  `mirrored at random; the last ${HELD_OUT} training images are held out; neither tagger nor trunk takes part`,
].join('; ');

/** A class a column: `rows` drawn pictures of each, then held-out images above their rebuilt selves. */
async function grid(file: string, weights: readonly NamedArray[], data: Dataset): Promise<void> {
  const generator = generatorFrom(weights, RESTORER_CLASS_NAMES);
  const rows = await drawSamples(generator, 4, 7);
  const truth = data.batch({ split: 'train', indices: Array.from({ length: 10 }, (_, i) => data.sizes.train - 1 - i) });
  const again = await rebuildImages(generator, truth.images, truth.labels);
  const names = [...rows.map((_, i) => `drawn ${i + 1}`), 'held out', 'rebuilt'];
  const columns = [...RESTORER_CLASS_NAMES];
  await writeAtomic(
    file,
    imageGridPng([...rows, truth.images, again], { rows: names, columns, maxColumns: 10, scale: 2 }),
  );
}

/** The generator's training, with a grid of samples after every epoch in `pictures`. */
export async function generatorOn(
  data: Dataset,
  options: Pick<FitOptions, 'epochs' | 'seed' | 'threads' | 'checkpoint' | 'signal' | 'onProgress'>,
  pictures = join('results', 'generator-samples.png'),
) {
  const judge = await shippedModel('trunk-loss');
  const seen = Array.from({ length: data.sizes.train - HELD_OUT }, (_, i) => i);
  const gaussians = await classGaussians(data, seen);
  const warn = warnsOnce('the training goes on without the samples');
  const whole = (trained: readonly NamedArray[]): NamedArray[] => [...gaussians, ...shippedPart(trained)];
  const fitted = await trainGenerator(data, {
    ...options,
    judge,
    gaussians,
    validate: async (trained) => {
      await grid(pictures, whole(trained), data).catch(warn);
      return generatorQuality(generatorFrom(whole(trained), RESTORER_CLASS_NAMES), data, { drawn: 10, held: 100 });
    },
  });
  const parameters = whole(fitted.averaged ?? fitted.parameters);
  const scores =
    fitted.stopped === 'finished'
      ? await generatorQuality(generatorFrom(parameters, RESTORER_CLASS_NAMES), data, {
          drawn: 200,
          held: HELD_OUT,
          distances: true,
        })
      : {};
  return { parameters, fitted, data: `train split only; ${data.source}`, scores };
}
