import type { Layer, Model } from '../core/types.js';
import { narrowed, readyMade, type WidthOptions } from './build.js';

const pool: Layer = { kind: 'maxPool', size: 3, stride: 2 };

/**
 * AlexNet as in torchvision ("one weird trick"): 64C11/4 - MP - 192C5 - MP - 384C3 - 256C3 - 256C3 - MP, 6x6 adaptive
 * average pool, 4096 - 4096 - classes with dropout. 61,100,840 parameters at 1000 classes; images from 63x63 on.
 * Source: Krizhevsky 2014.
 */
export const alexnet = (options: WidthOptions = {}): Model => {
  const wide = narrowed('alexnet', options);
  const conv = (filters: number, size: number, padding: number, stride = 1): Layer[] => [
    { kind: 'conv', filters: wide(filters), size, padding, stride },
    { kind: 'relu' },
  ];
  return readyMade(
    'alexnet',
    (classes) => [
      ...conv(64, 11, 2, 4),
      pool,
      ...conv(192, 5, 2),
      pool,
      ...[384, 256, 256].flatMap((filters) => conv(filters, 3, 1)),
      pool,
      { kind: 'adaptiveAveragePool', size: 6 },
      ...[0, 1].flatMap((): Layer[] => [
        { kind: 'dropout', rate: 0.5 },
        { kind: 'dense', units: wide(4096), bias: true },
        { kind: 'relu' },
      ]),
      { kind: 'dense', units: classes, bias: true },
    ],
    options,
    ['width'],
  );
};
