import { problem } from '../core/errors.js';
import { checkOptions, integer, number } from '../core/options.js';
import type { ImageShape, Layer, Model } from '../core/types.js';
import { type BatchNormMode, type DropoutMask, layersWithModes } from './modes.js';
import { initialise, parameterSpecs } from './parameters.js';

/** Options of every ready-made network. */
export interface NetworkOptions {
  /** [height, width, channels]; default [32, 32, 3]. */
  readonly imageShape?: ImageShape;
  /** Number of classes; default 10. */
  readonly classes?: number;
  /** Seed of the initial weights; default 1. */
  readonly seed?: number;
  /** A first layer (x - mean) / std, one number per channel; default none: pixels in [0, 1] go in as they are. */
  readonly normalize?: { readonly mean: readonly number[]; readonly std: readonly number[] };
  /** Mode of every batch-norm layer; default as the layers say, in ready-made networks `train`. */
  readonly batchNorm?: BatchNormMode;
  /** Mask of every dropout layer; default as the layers say, in ready-made networks `off`. */
  readonly dropout?: DropoutMask;
}

const OPTIONS = ['imageShape', 'classes', 'seed', 'normalize', 'batchNorm', 'dropout'] as const;

/**
 * A network from a list of layers, with seeded initial weights. The last layer must have one output per class.
 * @example rog.network({ name: 'mine', imageShape: [32, 32, 3], classes: 10, seed: 1,
 *   layers: [{ kind: 'conv', filters: 16, size: 3 }, { kind: 'relu' }, { kind: 'dense', units: 10 }] })
 */
export function network(options: NetworkOptions & { readonly name: string; readonly layers: readonly Layer[] }): Model {
  checkOptions('network', options, ['name', 'layers', ...OPTIONS]);
  const { name, imageShape = [32, 32, 3], classes = 10, seed = 1, normalize, ...modes } = options;
  if (imageShape.length !== 3) throw problem(name, 'imageShape must be [height, width, channels]', imageShape);
  imageShape.forEach((n) => {
    integer(name, 'every number of imageShape', n, 1);
  });
  integer(name, 'classes', classes, 1);
  integer(name, 'seed', seed, 0);
  if (!Array.isArray(options.layers)) throw problem(name, 'layers must be a list of layers', options.layers);
  parameterSpecs(options.layers, imageShape); // a wrong layer is named by its place in the list that was given
  const first: Layer[] = normalize ? [{ kind: 'normalize', ...normalize }] : [];
  const layers = [...first, ...layersWithModes(name, options.layers, modes)];
  const { specs, buffers, shape } = parameterSpecs(layers, imageShape);
  if (String(shape) !== String([1, 1, classes]))
    throw problem(name, `the last layer must give ${classes} numbers, one per class`, shape);
  const statistics = buffers.length > 0 && { buffers: initialise(buffers, seed) };
  return { name, imageShape, classes, layers, parameters: initialise(specs, seed), ...statistics };
}

/** Entry check shared by the ready-made networks. */
export function readyMade<T extends NetworkOptions>(
  name: string,
  layers: (classes: number) => readonly Layer[],
  options: T,
  own: readonly Exclude<keyof T, keyof NetworkOptions>[] = [],
): Model {
  checkOptions(name, options, [...OPTIONS, ...(own as readonly string[])]);
  const shared = Object.fromEntries(
    Object.entries(options).filter(([key]) => !own.includes(key as (typeof own)[number])),
  );
  return network({ name, ...shared, layers: layers(options.classes ?? 10) });
}

/** Options of networks that can be made narrower. */
export interface WidthOptions extends NetworkOptions {
  /** Multiplies every number of channels and hidden units; default 1: the published network. */
  readonly width?: number;
}

/** A number of channels made narrower, at least 1. */
export const narrowed = (name: string, { width = 1 }: WidthOptions): ((channels: number) => number) => {
  number(name, 'width', width, 0, 16, true);
  return (channels) => Math.max(1, Math.round(channels * width));
};
