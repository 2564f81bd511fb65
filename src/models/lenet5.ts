import type { Layer, Model } from '../core/types.js';
import { type NetworkOptions, readyMade } from './build.js';

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
