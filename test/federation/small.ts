import type { Batch } from '../../src/core/types.js';
import { type Dataset, openDataset } from '../../src/data/index.js';
import { network } from '../../src/models/index.js';

/** Scenes of 16 x 16 pixels as a data set of 120 training and 40 test images, quick to draw. */
export async function smallData(): Promise<Dataset> {
  const data = await openDataset('scenes', { size: 16 });
  return { ...data, sizes: { train: 120, test: 40 } };
}

export const smallModel = network({
  name: 'small',
  imageShape: [16, 16, 3],
  classes: 10,
  seed: 4,
  layers: [
    { kind: 'conv', filters: 6, size: 3 },
    { kind: 'maxPool', size: 2 },
    { kind: 'relu' },
    { kind: 'dense', units: 10 },
  ],
});

/** Four clients of 30 images. */
export const fourClients = Array.from({ length: 4 }, (_, c) => Array.from({ length: 30 }, (_, i) => 30 * c + i));

export const trainBatch = (data: Dataset, indices: readonly number[]): Batch => data.batch({ split: 'train', indices });
