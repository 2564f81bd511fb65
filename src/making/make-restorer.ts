import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { problem } from '../core/errors.js';
import type { Dataset } from '../data/index.js';
import { shippedModel, trunkStages } from '../models/index.js';
import type { FitOptions } from '../training/index.js';
import { pairsFolder, readPairs } from './restorer-pair-file.js';
import { RESTORER_PHASES, stageDistance, trainRestorer } from './restorer-training.js';

/** What decides the weights, for the card. */
export const RESTORER_RECIPE = [
  'pairs from `roglab pairs`, one in three samples; the others are measured errors on other training images',
  'mean absolute error + weight x feature distance of trunk-loss',
  ...RESTORER_PHASES.map(
    ({ share, weight, rate, until }, k) =>
      `phase ${k + 1}: ${100 * share} % of the epochs, weight ${weight}, rate ${rate} falling by ` +
      `${100 * until} % of a cosine`,
  ),
  '8000 samples an epoch, batches of 16, Adam, gradients clipped to norm 1',
  'the label is withheld from a quarter of the samples; the last 2000 training images are held out',
].join('; ');

/** The restorer's training on every file of pairs in `folder`, with the loss network that comes with the library. */
export async function restorerFrom(
  dataset: Dataset,
  options: Pick<FitOptions, 'epochs' | 'seed' | 'threads' | 'checkpoint' | 'signal' | 'onProgress'>,
  folder = pairsFolder(),
) {
  const files = (await readdir(folder).catch(() => [])).filter((name) => /^pairs-.*\.bin$/.test(name)).sort();
  if (files.length === 0)
    throw problem('train restorer', `no pairs in ${folder}`, undefined, 'make them: roglab pairs --minutes 45');
  const values = dataset.imageShape.reduce((a, b) => a * b, 1);
  const pairs = (await Promise.all(files.map((file) => readPairs(join(folder, file), values)))).flat();
  const model = await shippedModel('trunk-loss');
  const lossNetwork = { parameters: model.parameters, distance: stageDistance(trunkStages(model)) };
  const fitted = await trainRestorer(dataset, { ...options, pairs, lossNetwork });
  const scores = fitted.history.at(-1)?.validation ?? {};
  const data = `${dataset.source}; ${pairs.length} pairs of our own attacks`;
  return { parameters: fitted.parameters, fitted, data, scores };
}
