import type { Layer, Model } from '../core/types.js';
import { type NetworkOptions, narrowed, readyMade, type WidthOptions } from './build.js';

const stage = (filters: number): Layer[] => [
  { kind: 'conv', filters, size: 3 },
  { kind: 'relu' },
  { kind: 'conv', filters, size: 3 },
  { kind: 'maxPool', size: 2 },
  { kind: 'relu' },
];

/** VGG-7 of the paper: 128C3x2 - MP2 - 256C3x2 - MP2 - 512C3x2 - MP2 - FC1024 - FC, ReLU, biases on convolutions. */
export const vgg7 = (options: NetworkOptions = {}): Model =>
  readyMade(
    'vgg7',
    (classes) => [
      ...stage(128),
      ...stage(256),
      ...stage(512),
      { kind: 'dense', units: 1024 },
      { kind: 'relu' },
      { kind: 'dense', units: classes },
    ],
    options,
  );

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
