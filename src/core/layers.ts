/** The layers of a network as plain data, NHWC. The rules that give them shapes and values: src/models/layers. */

/** One number for both directions, or [height, width]. */
export type Extent = number | readonly [height: number, width: number];

/**
 * Cells added around a picture: a number on every side; `valid`: none; `same`: dilation (size - 1) in all, the smaller
 * half before, as PyTorch's padding='same', so that the output has ceil(n / stride) cells; or [top, bottom, left,
 * right].
 */
export type Padding = 'same' | 'valid' | number | readonly [top: number, bottom: number, left: number, right: number];

/** Cross-correlation; floor((n + padding - dilation (size - 1) - 1) / stride) + 1 cells come out. */
export interface ConvLayer {
  readonly kind: 'conv';
  readonly filters: number;
  readonly size: Extent;
  /** Default 1. */
  readonly stride?: Extent;
  /** Default dilation floor(size / 2) on every side; zeros. */
  readonly padding?: Padding;
  /** Default 1. */
  readonly dilation?: Extent;
  /** Input and output channels fall into so many groups that do not see each other; channels: depthwise. Default 1. */
  readonly groups?: number;
  /** Default true. */
  readonly bias?: boolean;
  readonly init?: Init;
}

/**
 * How weights start; the default is PyTorch's, U(-1, 1) / sqrt(fan in) for weights and biases. `kaiming`: N(0, 2 /
 * (size^2 filters)), He et al. 2015 by the fan out, biases 0. `normal`: N(0, 0.01^2), biases 0.
 */
export type Init = 'uniform' | 'kaiming' | 'normal';

/** x W + b of the whole picture, flattened in the order height, width, channel; or of every token alone. */
export interface DenseLayer {
  readonly kind: 'dense';
  readonly units: number;
  /** Default false. */
  readonly bias?: boolean;
  readonly init?: Init;
  /** The same weights for every position (the last axis alone), PyTorch's Linear on a sequence. Default false. */
  readonly perToken?: boolean;
}

/** Maximum of every window; padding counts as minus infinity. Floor convention (PyTorch's ceil_mode off). */
export interface MaxPoolLayer {
  readonly kind: 'maxPool';
  readonly size: Extent;
  /** Default the size. */
  readonly stride?: Extent;
  /** Default none; at most half the size. */
  readonly padding?: Padding;
}

/** Mean of every window. */
export interface AveragePoolLayer extends Omit<MaxPoolLayer, 'kind'> {
  readonly kind: 'averagePool';
  /** Whether padded zeros count in the mean; default true, as in PyTorch. */
  readonly countIncludePad?: boolean;
}

interface Normalisation {
  /** Added to every variance; default 1e-5. */
  readonly epsilon?: number;
  /** Whether a learned gain and shift follow; default true (instanceNorm: false), as in PyTorch. */
  readonly affine?: boolean;
}

/**
 * (x - mean) / sqrt(variance + epsilon) gain + shift per channel. `train` (default, as a client that trains): mean and
 * variance of the batch at hand, over batch, height and width. `eval`: the model's running statistics, constants that
 * everybody knows.
 */
export interface BatchNormLayer extends Normalisation {
  readonly kind: 'batchNorm';
  readonly mode?: 'eval' | 'train';
  /** Share of the batch in new running statistics; default 0.1, as in PyTorch. */
  readonly momentum?: number;
}

/** Mean and variance over height, width and the channels of each of `groups` groups, per image. */
export interface GroupNormLayer extends Normalisation {
  readonly kind: 'groupNorm';
  readonly groups: number;
}

/**
 * Mean and variance over the channels of every position (`channels`, default: PyTorch's LayerNorm on tokens), or over
 * the whole picture with a gain and shift per entry (`all`: LayerNorm([c, h, w])).
 */
export interface LayerNormLayer extends Normalisation {
  readonly kind: 'layerNorm';
  readonly over?: 'channels' | 'all';
}

/** Mean and variance over height and width, per image and channel. */
export interface InstanceNormLayer extends Normalisation {
  readonly kind: 'instanceNorm';
}

/**
 * Zeros with probability `rate`, the rest times 1 / (1 - rate). `off` (default): none, as in evaluation. `known`: the
 * mask is drawn from `seed`, which is public. `unknown`: the client draws it from a seed of its own; an attack takes
 * the mean, that is none.
 */
export interface DropoutLayer {
  readonly kind: 'dropout';
  readonly rate: number;
  readonly mask?: 'off' | 'known' | 'unknown';
  /** Of a known mask; default 1. Every local step and every dropout layer has a mask of its own. */
  readonly seed?: number;
}

/**
 * PRECODE's variational bottleneck: (m, r) = x E + e, s = softplus(r - 5), z = m + s n with n ~ N(0, 1) of the client's
 * own, which an attack takes as 0; the output is z D + d, of the size of x. The loss takes on
 * beta KL(N(m, s^2) | N(0, 1)) = -beta / 2 sum (1 + 2 ln s - m^2 - s^2), a mean over the images.
 */
export interface BottleneckLayer {
  readonly kind: 'bottleneck';
  /** Numbers that m has. */
  readonly units: number;
  /** Default 1e-3. */
  readonly beta?: number;
}

/** max(0, x) + slope min(0, x) with a learned slope for every channel, or (`shared`) one; they start at 0.25. */
export interface PreluLayer {
  readonly kind: 'prelu';
  /** Default false. PyTorch's default, `num_parameters=1`, is true. */
  readonly shared?: boolean;
}

/**
 * Cells around a picture: `zeros` (default; a number below 0 cuts cells off), mirrored at the edge cell (`reflect`, at
 * most size - 1 on a side), the edge cell repeated (`replicate`), or those of the other side (`circular`, at most
 * size); PyTorch's padding_mode and F.pad.
 */
export interface PadLayer {
  readonly kind: 'pad';
  readonly padding: number | readonly [top: number, bottom: number, left: number, right: number];
  readonly mode?: 'zeros' | 'reflect' | 'replicate' | 'circular';
}

/** Functions of one number without settings, and softmax over the channels; softsign: x / (1 + |x|). */
export interface ActivationLayer {
  readonly kind:
    | ('relu' | 'sigmoid' | 'tanh' | 'softplus' | 'relu6' | 'silu' | 'hardswish' | 'hardsigmoid' | 'softmax')
    | ('mish' | 'softsign' | 'logSigmoid' | 'tanhshrink')
    | ('abs' | 'exp' | 'log' | 'sqrt' | 'reciprocal' | 'sin' | 'cos' | 'atan');
}

/** x where |x| > lambda, else 0 (hardshrink), or nearer to 0 by lambda, else 0 (softshrink). */
export interface ShrinkLayer {
  readonly kind: 'hardshrink' | 'softshrink';
  /** Default 0.5. */
  readonly lambda?: number;
}

/** Every `size` neighbouring channels become one: their mean, or the largest. */
export interface PoolChannelsLayer {
  readonly kind: 'poolChannels';
  readonly by: 'mean' | 'max';
  /** Default all. */
  readonly size?: number;
}

/** Another height and width, half-pixel centres, clamped edges: PyTorch's interpolate with align_corners off. */
export interface ResizeLayer {
  readonly kind: 'resize';
  readonly size: Extent;
  /** Default nearest. */
  readonly method?: 'nearest' | 'bilinear' | 'bicubic';
}

/** A learned factor or summand for every channel, or (`shared`) one; they start at 1 and 0 (ConvNeXt's LayerScale). */
export interface LearnedChannelsLayer {
  readonly kind: 'scaleChannels' | 'shiftChannels';
  /** Default false. */
  readonly shared?: boolean;
}

/** How values become one: side by side in the channels, added, multiplied, or the largest of them in each place. */
export type Join = 'concat' | 'add' | 'multiply' | 'max';

/** A value of a {@link GraphLayer}: earlier ones, joined, through layers. */
export interface GraphNode {
  /** Which values: 0 is the layer's input, k the k-th node. */
  readonly from: readonly number[];
  /** How several become one, as branches do; default `concat`. */
  readonly join?: Join;
  /** What they go through; none passes them on. */
  readonly layers: readonly Layer[];
}

/**
 * Values that cross: every node takes the input or earlier nodes, the last is the output, every other is taken. What
 * residual and branches cannot say: U-shaped networks with several skips, those of many resolutions, Res2Net.
 * @example
 * const conv = { kind: 'conv', filters: 8, size: 3 } as const;
 * const crossing = { kind: 'graph', nodes: [{ from: [0], layers: [conv] }, { from: [1], layers: [conv] },
 *   { from: [1, 2], join: 'add', layers: [conv] }, { from: [2, 3], layers: [] }] } as const;
 * rog.network({ name: 'crossing', imageShape: [32, 32, 3], classes: 10,
 *   layers: [crossing, { kind: 'relu' }, { kind: 'dense', units: 10 }] });
 */
export interface GraphLayer {
  readonly kind: 'graph';
  readonly nodes: readonly GraphNode[];
}

/** One layer of a network. A sequence of tokens is a picture [1, tokens, width]. */
export type Layer =
  | ConvLayer
  | DenseLayer
  | ActivationLayer
  | { readonly kind: 'leakyRelu'; readonly slope: number }
  /** max(low, min(high, x)); default -1 and 1. */
  | { readonly kind: 'hardtanh'; readonly low?: number; readonly high?: number }
  | ShrinkLayer
  /** alpha (exp(x) - 1) below 0; alpha's default is 1. */
  | { readonly kind: 'elu'; readonly alpha?: number }
  /** x Phi(x): exactly (default), or by the tanh formula. */
  | { readonly kind: 'gelu'; readonly form?: 'exact' | 'tanh' }
  | MaxPoolLayer
  | AveragePoolLayer
  /** PyTorch's AdaptiveAvgPool2d to size x size. */
  | { readonly kind: 'adaptiveAveragePool'; readonly size: number }
  | { readonly kind: 'globalAveragePool' }
  | { readonly kind: 'scale'; readonly factor: number }
  /** (x - mean) / std per channel: input normalisation as part of the model, so that images stay in [0, 1]. */
  | { readonly kind: 'normalize'; readonly mean: readonly number[]; readonly std: readonly number[] }
  | { readonly kind: 'flatten' }
  | PreluLayer
  | PadLayer
  /** Channel g n + i becomes channel i groups + g, for n channels a group (ShuffleNet). */
  | { readonly kind: 'shuffleChannels'; readonly groups: number }
  /** Channels from `from` on, `count` of them. */
  | { readonly kind: 'takeChannels'; readonly from: number; readonly count: number }
  /**
   * Channels become block x block pixels; channel c block^2 + i block + j becomes pixel (i, j) of channel c (`crd`,
   * default: PyTorch's PixelShuffle), or (i block + j) C + c does (`dcr`: TensorFlow).
   */
  | { readonly kind: 'depthToSpace'; readonly block: number; readonly order?: 'crd' | 'dcr' }
  /** The inverse of depthToSpace: PyTorch's PixelUnshuffle. */
  | { readonly kind: 'spaceToDepth'; readonly block: number; readonly order?: 'crd' | 'dcr' }
  | LearnedChannelsLayer
  | PoolChannelsLayer
  | ResizeLayer
  /** The same numbers, in the order height, width, channel, as a picture of another shape. */
  | { readonly kind: 'reshape'; readonly shape: readonly [height: number, width: number, channels: number] }
  | BatchNormLayer
  | GroupNormLayer
  | LayerNormLayer
  | InstanceNormLayer
  | DropoutLayer
  | BottleneckLayer
  /** A convolution whose windows do not overlap, to tokens [1, patches, units] in row-major order. */
  | { readonly kind: 'patchEmbedding'; readonly size: Extent; readonly units: number; readonly bias?: boolean }
  /** A learned token before the others. */
  | { readonly kind: 'classToken' }
  /** A learned vector added to every token. */
  | { readonly kind: 'positions' }
  /**
   * Self-attention between the tokens, PyTorch's MultiheadAttention; bias: default true. inBias: of queries, keys and
   * values, default as `bias`.
   */
  | { readonly kind: 'attention'; readonly heads: number; readonly bias?: boolean; readonly inBias?: boolean }
  /** One token of the sequence; default the first. */
  | { readonly kind: 'takeToken'; readonly index?: number }
  | { readonly kind: 'residual'; readonly body: readonly Layer[]; readonly shortcut: readonly Layer[] }
  /**
   * The same input through every branch (an empty one passes it on), then side by side in the channels, added, or
   * multiplied, where one number a channel counts for every place (a squeeze-and-excitation gate).
   */
  | {
      readonly kind: 'branches';
      readonly branches: readonly (readonly Layer[])[];
      readonly join?: Join;
    }
  | GraphLayer;
