import type { Layer, Model } from '../core/types.js';
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

/**
 * LeNet-5: 6C5 - AP2 - 16C5 - AP2 - 120 - 84 - classes, tanh, biases everywhere. Images of fewer than 32 rows (MNIST's
 * 28) are padded by 2 before the first convolution. 61,706 parameters for 32x32x1 and 28x28x1 at 10 classes, 62,006 for
 * 32x32x3.
 * Source: LeCun et al. 1998, with full connections between the maps and plain averages.
 */
export const lenet5 = (options: NetworkOptions = {}): Model => {
  const [height = 32] = options.imageShape ?? [];
  const conv = (filters: number, padding: number): Layer[] => [
    { kind: 'conv', filters, size: 5, padding },
    { kind: 'tanh' },
    { kind: 'averagePool', size: 2 },
  ];
  const dense = (units: number): Layer => ({ kind: 'dense', units, bias: true });
  return readyMade(
    'lenet5',
    (classes) => [
      ...conv(6, height < 32 ? 2 : 0),
      ...conv(16, 0),
      ...[120, 84].flatMap((units): Layer[] => [dense(units), { kind: 'tanh' }]),
      dense(classes),
    ],
    options,
  );
};
