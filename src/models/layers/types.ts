import type { ImageShape, Layer, NdArray } from '../../core/types.js';
import type { Convolution, Tensor, Tensor4D } from '../../engine/index.js';
import type { Option } from './layer-options.js';

/** Name and shape of one parameter, with what its initialisation and PyTorch's memory order need to know. */
export interface ParameterSpec {
  readonly name: string;
  /** Kernel [h, w, in / groups, out], dense [in, out], everything per channel [out], positions [tokens, width]. */
  readonly shape: readonly number[];
  readonly fanIn: number;
  /** Default: uniform in +-1 / sqrt(fanIn); a number: normal with this standard deviation. */
  readonly init?: 'ones' | 'zeros' | 'quarters' | number;
  /** [h, w, c] of the picture whose flattened entries the parameter meets. */
  readonly flattens?: ImageShape;
  /** Lies in PyTorch's memory as it does here. */
  readonly asIs?: true;
}

/** Where a walk through the layers stands. */
export interface Place {
  readonly shape: ImageShape;
  /** The picture that was flattened to `shape`. */
  readonly flattened?: ImageShape;
}

export interface Planned extends Place {
  readonly specs?: readonly ParameterSpec[];
  /** Running statistics. */
  readonly buffers?: readonly ParameterSpec[];
}

/** A list of layers, from a place on; parameters are named under `prefix`. */
export type Walk = (
  layers: readonly Layer[],
  at: Place,
  prefix: string,
) => Required<Omit<Planned, 'flattened'>> & Place;

/** Mean and variance of a batch-norm layer's inputs, per channel, over `count` entries each. */
export interface BatchMoments {
  readonly mean: Tensor;
  /** Divided by count. */
  readonly variance: Tensor;
  readonly count: number;
}

/** What follows a convolution with a bias: adding it, unless a training puts something else (batch norm) there. */
export type Finish = (convolved: Tensor, take: () => Tensor) => Tensor;

/**
 * How a parameter p enters a value y of a layer, for each example by itself: `product` y = x p on the last axis;
 * `convolution` of x with p; `factor` y = x p and `summand` y = x + p entry by entry, p repeated over leading axes.
 */
export type Use =
  | { readonly kind: 'product'; readonly input: Tensor }
  | { readonly kind: 'convolution'; readonly input: Tensor4D; readonly how: Convolution }
  | { readonly kind: 'factor'; readonly input: () => Tensor }
  | { readonly kind: 'summand' };

/** Told how each parameter, as they are taken, enters a value; gives the value that the layer goes on with. */
export type Using = (use: Use, value: Tensor) => Tensor;

/** Numbers of a layer that draws, a function of the local step. */
export interface Drawing {
  readonly shape: readonly number[];
  readonly at: (step: number) => Float32Array;
}

export interface Way {
  /** The next parameter. */
  readonly take: () => Tensor;
  /** Running mean and variance of the next batch-norm layer. */
  readonly statistics: () => readonly [mean: NdArray, variance: NdArray] | undefined;
  readonly finish: Finish;
  readonly using: Using;
  /** Told the moments of every batch-norm layer's inputs. */
  readonly watch?: (moments: BatchMoments) => void;
  /** What the next layer that draws makes of a seed, of a known mask or the client's own; undefined where unknown. */
  readonly drawn: (
    known: number | undefined,
    shape: readonly number[],
    values: (seed: number) => Float32Array,
  ) => Tensor | undefined;
  /** Adds a scalar to the loss of a client that trains. */
  readonly charge: (penalty: Tensor) => void;
  readonly run: (layers: readonly Layer[], x: Tensor) => Tensor;
}

/** All that is known about one kind of layer. */
export interface Rule<L extends Layer = Layer> {
  /** What it may say, and must. */
  readonly options: Readonly<Record<string, Option>>;
  /** Its output and parameters; `where` for messages, `name` for parameters. Default: the place stays as it is. */
  readonly plan?: (layer: L, at: Place, name: string, where: string, walk: Walk) => Planned;
  /** Its value, differentiable to any order; x is [batch, h, w, c], or [batch, n] after a dense layer. */
  readonly apply: (layer: L, x: Tensor, way: Way) => Tensor;
}

export type Of<K extends Layer['kind']> = Extract<Layer, { readonly kind: K }>;
