import type { ImageShape } from '../../core/types.js';

/** One step of a trunk. Every convolution is followed by a ReLU; `at` is its index in torchvision's `features`. */
export type Step =
  | {
      readonly kind: 'conv';
      readonly at: string;
      readonly filters: number;
      readonly size: number;
      readonly stride: number;
      readonly pad: number;
    }
  | { readonly kind: 'pool'; readonly size: 2 | 3; readonly ceil: boolean }
  | { readonly kind: 'fire'; readonly at: string; readonly squeeze: number; readonly expand: number }
  | { readonly kind: 'tap' };

export type TrunkName = 'alex' | 'squeeze' | 'vgg';

const conv = (at: number, filters: number, size = 3, stride = 1, pad = size >> 1): Step => ({
  kind: 'conv',
  at: `features.${at}`,
  filters,
  size,
  stride,
  pad,
});
const fire = (at: number, squeeze: number, expand: number): Step => ({
  kind: 'fire',
  at: `features.${at}`,
  squeeze,
  expand,
});
const pool = (size: 2 | 3, ceil = false): Step => ({ kind: 'pool', size, ceil });
const tap: Step = { kind: 'tap' };

/** The networks of LPIPS as in torchvision, up to the last layer compared; `tap` marks the compared ones. */
export const TRUNKS: Readonly<Record<TrunkName, readonly Step[]>> = {
  alex: [
    ...[conv(0, 64, 11, 4, 2), tap, pool(3)],
    ...[conv(3, 192, 5), tap, pool(3)],
    ...[conv(6, 384), tap, conv(8, 256), tap, conv(10, 256), tap],
  ],
  squeeze: [
    ...[conv(0, 64, 3, 2, 0), tap, pool(3, true)],
    ...[fire(3, 16, 64), fire(4, 16, 64), tap, pool(3, true)],
    ...[fire(6, 32, 128), fire(7, 32, 128), tap, pool(3, true)],
    ...[fire(9, 48, 192), tap, fire(10, 48, 192), tap, fire(11, 64, 256), tap, fire(12, 64, 256), tap],
  ],
  vgg: [
    ...[conv(0, 64), conv(2, 64), tap, pool(2)],
    ...[conv(5, 128), conv(7, 128), tap, pool(2)],
    ...[conv(10, 256), conv(12, 256), conv(14, 256), tap, pool(2)],
    ...[conv(17, 512), conv(19, 512), conv(21, 512), tap, pool(2)],
    ...[conv(24, 512), conv(26, 512), conv(28, 512), tap],
  ],
};

/** A tensor of a trunk: torchvision's name and our shape, kernels [h, w, in, out]. */
export interface TrunkTensor {
  readonly name: string;
  readonly shape: readonly number[];
}

interface Walk {
  readonly shape: ImageShape;
  readonly tensors: readonly TrunkTensor[];
  /** Channels of the layers that are compared. */
  readonly channels: readonly number[];
}

/** The tensors of a trunk in the order of use, and the channels of the compared layers. */
export const trunkTensors = (steps: readonly Step[]): Pick<Walk, 'tensors' | 'channels'> => walk(steps, [256, 256, 3])!;

/** The least side of a square image of which every layer leaves something. */
export function smallestSide(steps: readonly Step[]): number {
  let side = 1;
  while (!walk(steps, [side, side, 3])) side++;
  return side;
}

/** {@link smallestSide} of a network of LPIPS. */
export const smallestFor = (net: TrunkName): number => smallestSide(TRUNKS[net]);

function walk(steps: readonly Step[], start: ImageShape): Walk | undefined {
  let at: Walk = { shape: start, tensors: [], channels: [] };
  for (const step of steps) {
    at = next(step, at);
    if (at.shape.some((n) => n < 1)) return undefined;
  }
  return at;
}

function next(step: Step, { shape, tensors, channels }: Walk): Walk {
  const [height, width, inputs] = shape;
  switch (step.kind) {
    case 'tap':
      return { shape, tensors, channels: [...channels, inputs] };
    case 'pool': {
      const out = (n: number) => pooled(n, step.size, step.ceil);
      return { shape: [out(height), out(width), inputs], tensors, channels };
    }
    case 'conv': {
      const { at, filters, size, stride, pad } = step;
      const out = (n: number) => Math.floor((n + 2 * pad - size) / stride) + 1;
      const added = weights(at, size, inputs, filters);
      return { shape: [out(height), out(width), filters], tensors: [...tensors, ...added], channels };
    }
    case 'fire': {
      const { at, squeeze, expand } = step;
      const added = [
        ...weights(`${at}.squeeze`, 1, inputs, squeeze),
        ...weights(`${at}.expand1x1`, 1, squeeze, expand),
        ...weights(`${at}.expand3x3`, 3, squeeze, expand),
      ];
      return { shape: [height, width, 2 * expand], tensors: [...tensors, ...added], channels };
    }
  }
}

const weights = (name: string, size: number, inputs: number, filters: number): TrunkTensor[] => [
  { name: `${name}.weight`, shape: [size, size, inputs, filters] },
  { name: `${name}.bias`, shape: [filters] },
];

/** Windows of a max pooling with stride 2; `ceil` lets the last one hang over the edge, as PyTorch's ceil_mode. */
export function pooled(n: number, size: number, ceil: boolean): number {
  const count = Math.floor((n - size + (ceil ? 1 : 0)) / 2) + 1;
  return ceil && (count - 1) * 2 >= n ? count - 1 : count;
}
