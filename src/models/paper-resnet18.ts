import type { Layer, Model } from '../core/types.js';
import { type NetworkOptions, readyMade } from './build.js';

const conv = (filters: number, size: number, stride = 1): Layer => ({
  kind: 'conv',
  filters,
  size,
  stride,
  bias: false,
});

const block = (filters: number, stride: number, widens: boolean): Layer[] => [
  {
    kind: 'residual',
    body: [conv(filters, 3, stride), { kind: 'relu' }, conv(filters, 3)],
    shortcut: widens ? [conv(filters, 1, stride)] : [],
  },
  { kind: 'relu' },
];

const stage = (filters: number, stride: number): Layer[] => [
  ...block(filters, stride, stride !== 1),
  ...block(filters, 1, false),
];

/**
 * ResNet-18 of the paper: 7x7 stride-2 stem, basic blocks 64-128-256-512 without batch norm, pooling after the stem and
 * biases, 8x8 adaptive average pool, one dense layer. The usual one: resnet18().
 */
export const paperResnet18 = (options: NetworkOptions = {}): Model =>
  readyMade(
    'paperResnet18',
    (classes) => [
      conv(64, 7, 2),
      { kind: 'relu' },
      ...stage(64, 1),
      ...stage(128, 2),
      ...stage(256, 2),
      ...stage(512, 2),
      { kind: 'adaptiveAveragePool', size: 8 },
      { kind: 'dense', units: classes },
    ],
    options,
  );
