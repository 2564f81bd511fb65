import type { Layer, Model } from '../core/types.js';
import { narrowed, readyMade, type WidthOptions } from './build.js';

/** Dense, ReLU and dropout twice, then the classes: how VGG ends. */
const head = (units: number, classes: number): Layer[] => [
  ...[0, 1].flatMap((): Layer[] => [
    { kind: 'dense', units, bias: true, init: 'normal' },
    { kind: 'relu' },
    { kind: 'dropout', rate: 0.5 },
  ]),
  { kind: 'dense', units: classes, bias: true, init: 'normal' },
];

/**
 * VGG-11 as in torchvision, without batch norm: 64 - MP - 128 - MP - 256 x 2 - MP - 512 x 2 - MP - 512 x 2 - MP, 7x7
 * adaptive average pool, 4096 - 4096 - classes. 132,863,336 parameters at 1000 classes; images from 32x32 on.
 * Source: Simonyan and Zisserman 2015, configuration A.
 */
export const vgg11 = (options: WidthOptions = {}): Model => {
  const wide = narrowed('vgg11', options);
  const stages = [[64], [128], [256, 256], [512, 512], [512, 512]];
  return readyMade(
    'vgg11',
    (classes) => [
      ...stages.flatMap((filters): Layer[] => [
        ...filters.flatMap((n): Layer[] => [
          { kind: 'conv', filters: wide(n), size: 3, padding: 1, init: 'kaiming' },
          { kind: 'relu' },
        ]),
        { kind: 'maxPool', size: 2 },
      ]),
      { kind: 'adaptiveAveragePool', size: 7 },
      ...head(wide(4096), classes),
    ],
    options,
    ['width'],
  );
};
