import { existsSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { openDataset } from '../data/index.js';
import { lenet, saveWeights } from '../models/index.js';
import { oneCycle, trainClassifier } from '../training/index.js';
import { reporter } from './train.js';

/** Passes over the train split: 70 % of CIFAR-10's held-out images are then right. */
const EPOCHS = 2;
const PEAK_RATE = 0.05;

/** A file of LeNet's weights after two epochs on a train split, kept in `folder`; a killed training goes on. */
export async function trainedLenet(name: string, folder: string, signal: AbortSignal): Promise<string> {
  const path = join(folder, `lenet-${EPOCHS}-epochs.safetensors`);
  if (existsSync(path)) return path;
  await mkdir(folder, { recursive: true });
  const data = await openDataset(name);
  const model = lenet({ imageShape: data.imageShape, classes: data.classNames.length, seed: 1 });
  const {
    model: trained,
    fitted,
    validationAccuracy,
  } = await trainClassifier(model, data, {
    epochs: EPOCHS,
    schedule: oneCycle(PEAK_RATE),
    checkpoint: join(folder, 'lenet.checkpoint'),
    signal,
    onProgress: reporter(),
  });
  if (fitted.stopped === 'cancelled') return path;
  console.log(`LeNet after ${EPOCHS} epochs: ${(100 * validationAccuracy).toFixed(1)} % of images held out`);
  await saveWeights(path, trained);
  return path;
}
