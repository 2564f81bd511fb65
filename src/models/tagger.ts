import type { Layer, Model } from '../core/types.js';
import { type NetworkOptions, readyMade } from './build.js';

const conv = (filters: number): Layer => ({ kind: 'conv', filters, size: 3 });
const relu: Layer = { kind: 'relu' };

/** A convolution that widens, pooling, and one residual convolution. */
const stage = (filters: number): Layer[] => [
  conv(filters),
  { kind: 'maxPool', size: 2 },
  relu,
  { kind: 'residual', body: [conv(filters), relu], shortcut: [] },
];

/** Name of the parameter that training sets by `whiteningKernel` and then leaves alone. */
export const TAGGER_STEM = 'conv0/kernel';

/**
 * The tagger's architecture: 24C3 (no bias; whitens 3x3 patches) - stages of 32, 80 and 160 channels, each a
 * convolution, MP2 and a residual convolution - global max pooling - FC. ReLU. The trained one: shippedModel('tagger').
 */
export const tagger = (options: NetworkOptions = {}): Model => {
  const [height = 32] = options.imageShape ?? [];
  return readyMade(
    'tagger',
    (classes) => [
      { kind: 'conv', filters: 24, size: 3, bias: false },
      relu,
      ...[32, 80, 160].flatMap(stage),
      { kind: 'maxPool', size: Math.floor(height / 8) },
      { kind: 'scale', factor: 0.125 },
      { kind: 'dense', units: classes, bias: true },
    ],
    options,
  );
};
