import type { Layer, Model } from '../core/types.js';
import { type NetworkOptions, readyMade } from './build.js';

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
