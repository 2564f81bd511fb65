import { isAbsolute, join } from 'node:path';
import { problem } from '../core/errors.js';
import type { Model } from '../core/types.js';
import type { Dataset } from '../data/index.js';
import { loadWeights, network } from '../models/index.js';
import { lookUp, MODELS } from '../registry/index.js';
import { isModel } from './axes.js';
import { type Blob, weightsBlob } from './blobs.js';
import type { CellJob, NetworkSpec } from './types.js';

/** A network as a cell names it, with the weights that a seed does not give. */
export interface Network {
  readonly described: CellJob['network'];
  readonly weights?: Blob;
}

/** A network of a definition for the images of a data set. @throws other images, weights that do not fit */
export async function describeNetwork(
  spec: NetworkSpec | Model,
  set: Pick<Dataset, 'imageShape' | 'classNames'>,
  folder: string,
): Promise<Network> {
  if (isModel(spec)) {
    const { name, imageShape, classes, layers } = spec;
    if (String(imageShape) !== String(set.imageShape))
      throw problem('sweep', `${name} takes images of [${imageShape}]`, set.imageShape, 'build it for this data set');
    const weights = weightsBlob(spec);
    return { described: { name, imageShape, classes, layers, weights: weights.hash }, weights };
  }
  const { name, layers, seed = 1, classes = set.classNames.length, weights: path } = spec;
  const described = { name, imageShape: set.imageShape, classes, ...(layers && { layers }) };
  const model = buildNetwork({ ...described, seed });
  if (!path) return { described: { ...described, seed } };
  const weights = weightsBlob(await loadWeights(isAbsolute(path) ? path : join(folder, path), model));
  return { described: { ...described, weights: weights.hash }, weights };
}

/** The network of a cell with its initial weights. */
export function buildNetwork({ name, imageShape, classes, seed = 1, layers }: CellJob['network']): Model {
  const options = { imageShape, classes, seed };
  return layers ? network({ name, layers, ...options }) : lookUp('sweep', MODELS, name)(options);
}
