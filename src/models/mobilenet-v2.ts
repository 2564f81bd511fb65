import { number } from '../core/options.js';
import type { Layer, Model } from '../core/types.js';
import { readyMade, type WidthOptions } from './build.js';

/** [expansion, channels, blocks, first stride]: table 2 of the paper. */
const STAGES = [
  [1, 16, 1, 1],
  [6, 24, 2, 2],
  [6, 32, 3, 2],
  [6, 64, 4, 2],
  [6, 96, 3, 1],
  [6, 160, 3, 2],
  [6, 320, 1, 1],
] as const;

/** The nearest multiple of 8, never more than a tenth below. */
function divisible(channels: number): number {
  const near = Math.max(8, Math.floor((channels + 4) / 8) * 8);
  return near < 0.9 * channels ? near + 8 : near;
}

const conv = (filters: number, size: number, stride = 1, groups = 1): Layer[] => [
  { kind: 'conv', filters, size, stride, padding: Math.floor(size / 2), groups, bias: false, init: 'kaiming' },
  { kind: 'batchNorm' },
];
const relu6: Layer = { kind: 'relu6' };

/** Widen by 1x1, convolve each channel alone, narrow by 1x1; beside the identity where the shape stays. */
function invertedResidual(inputs: number, filters: number, stride: number, expansion: number): Layer[] {
  const hidden = inputs * expansion;
  const body: Layer[] = [
    ...(expansion > 1 ? [...conv(hidden, 1), relu6] : []),
    ...conv(hidden, 3, stride, hidden),
    relu6,
    ...conv(filters, 1),
  ];
  return stride === 1 && inputs === filters ? [{ kind: 'residual', body, shortcut: [] }] : body;
}

/**
 * MobileNetV2 as in torchvision: inverted residuals with depthwise convolutions and batch norm, ReLU6, 1280 features,
 * dropout, dense. 3,504,872 parameters at 1000 classes, for any image size. `width` is the paper's multiplier: channels
 * become multiples of 8, the 1280 features stay below 1.
 * Source: Sandler et al. 2018.
 */
export const mobilenetV2 = (options: WidthOptions = {}): Model => {
  const { width = 1 } = options;
  number('mobilenetV2', 'width', width, 0, 16, true);
  const wide = (channels: number): number => divisible(channels * width);
  const blocks: Layer[] = [];
  let inputs = wide(32);
  for (const [expansion, channels, count, stride] of STAGES)
    for (let k = 0; k < count; k++) {
      blocks.push(...invertedResidual(inputs, wide(channels), k ? 1 : stride, expansion));
      inputs = wide(channels);
    }
  return readyMade(
    'mobilenetV2',
    (classes) => [
      ...conv(wide(32), 3, 2),
      relu6,
      ...blocks,
      ...conv(divisible(1280 * Math.max(1, width)), 1),
      relu6,
      { kind: 'globalAveragePool' },
      { kind: 'dropout', rate: 0.2 },
      { kind: 'dense', units: classes, bias: true, init: 'normal' },
    ],
    options,
    ['width'],
  );
};
