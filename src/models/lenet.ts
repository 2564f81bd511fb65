import type { Model } from '../core/types.js';
import { type NetworkOptions, readyMade } from './build.js';

/**
 * LeNet of the paper: 32C5 - MP2 - 64C5 - MP2 - FC512 - FC, ReLU, biases on the convolutions only.
 * 2,155,968 parameters for 32x32x3 and 10 classes. (Pooling before ReLU: the same function, a quarter of the work.)
 */
export const lenet = (options: NetworkOptions = {}): Model =>
  readyMade(
    'lenet',
    (classes) => [
      { kind: 'conv', filters: 32, size: 5 },
      { kind: 'maxPool', size: 2 },
      { kind: 'relu' },
      { kind: 'conv', filters: 64, size: 5 },
      { kind: 'maxPool', size: 2 },
      { kind: 'relu' },
      { kind: 'dense', units: 512 },
      { kind: 'relu' },
      { kind: 'dense', units: classes },
    ],
    options,
  );
