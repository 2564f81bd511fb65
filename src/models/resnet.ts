import type { Layer, Model } from '../core/types.js';
import { type NetworkOptions, narrowed, readyMade, type WidthOptions } from './build.js';

type Conv = (filters: number, size: number, stride?: number) => Layer[];

const conv: Conv = (filters, size, stride = 1) => [
  { kind: 'conv', filters, size, stride, padding: Math.floor(size / 2), bias: false, init: 'kaiming' },
  { kind: 'batchNorm' },
];

/** Basic blocks: two 3x3 convolutions beside the identity, or a 1x1 convolution where the shape changes. */
const stage = (conv: Conv, filters: number, blocks: number, stride: number): Layer[] =>
  Array.from({ length: blocks }, (_, k): Layer[] => {
    const body: Layer[] = [...conv(filters, 3, k ? 1 : stride), { kind: 'relu' }, ...conv(filters, 3)];
    const shortcut = k === 0 && stride !== 1 ? conv(filters, 1, stride) : [];
    return [{ kind: 'residual', body, shortcut }, { kind: 'relu' }];
  }).flat();

const resnet = (name: string, blocks: readonly [number, number, number, number], options: WidthOptions): Model => {
  const wide = narrowed(name, options);
  return readyMade(
    name,
    (classes) => [
      ...conv(wide(64), 7, 2),
      { kind: 'relu' },
      { kind: 'maxPool', size: 3, stride: 2, padding: 1 },
      ...[64, 128, 256, 512].flatMap((filters, k) => stage(conv, wide(filters), blocks[k]!, k ? 2 : 1)),
      { kind: 'globalAveragePool' },
      { kind: 'dense', units: classes, bias: true },
    ],
    options,
    ['width'],
  );
};

/**
 * ResNet-18 as in torchvision: 7x7 stride-2 stem, max pooling 3/2, basic blocks with batch norm, global average, dense
 * with bias. 11,689,512 parameters at 1000 classes, for any image size; in training mode a single picture must be
 * larger than 32x32. The paper's variant: paperResnet18().
 * Source: He et al. 2016.
 */
export const resnet18 = (options: WidthOptions = {}): Model => resnet('resnet18', [2, 2, 2, 2], options);

/** ResNet-34 as in torchvision: resnet18() with 3, 4, 6 and 3 blocks. 21,797,672 parameters at 1000 classes. */
export const resnet34 = (options: WidthOptions = {}): Model => resnet('resnet34', [3, 4, 6, 3], options);

const bare: Conv = (filters, size, stride = 1) => [{ kind: 'conv', filters, size, stride, bias: false }];

/**
 * ResNet-18 of the paper: 7x7 stride-2 stem, basic blocks 64-128-256-512 without batch norm, pooling after the stem and
 * biases, 8x8 adaptive average pool, one dense layer. The usual one: resnet18().
 */
export const paperResnet18 = (options: NetworkOptions = {}): Model =>
  readyMade(
    'paperResnet18',
    (classes) => [
      ...bare(64, 7, 2),
      { kind: 'relu' },
      ...[64, 128, 256, 512].flatMap((filters, k) => stage(bare, filters, 2, k ? 2 : 1)),
      { kind: 'adaptiveAveragePool', size: 8 },
      { kind: 'dense', units: classes },
    ],
    options,
  );
