import { problem } from '../core/errors.js';
import { checkOptions, integer } from '../core/options.js';
import type { ImageShape, Layer, Model } from '../core/types.js';
import { initialise, parameterSpecs } from './parameters.js';

/** Options of every ready-made network. */
export interface NetworkOptions {
  /** [height, width, channels]; default [32, 32, 3]. */
  readonly imageShape?: ImageShape;
  /** Number of classes; default 10. */
  readonly classes?: number;
  /** Seed of the initial weights; default 1. */
  readonly seed?: number;
}

/**
 * A network from a list of layers, with seeded initial weights. The last layer must have one output per class.
 * @example rog.network({ name: 'mine', imageShape: [32, 32, 3], classes: 10, seed: 1,
 *   layers: [{ kind: 'conv', filters: 16, size: 3 }, { kind: 'relu' }, { kind: 'dense', units: 10 }] })
 */
export function network(options: NetworkOptions & { readonly name: string; readonly layers: readonly Layer[] }): Model {
  checkOptions('network', options, ['name', 'layers', 'imageShape', 'classes', 'seed']);
  const { name, layers, imageShape = [32, 32, 3], classes = 10, seed = 1 } = options;
  if (imageShape.length !== 3) throw problem(name, 'imageShape must be [height, width, channels]', imageShape);
  imageShape.forEach((n) => {
    integer(name, 'every number of imageShape', n, 1);
  });
  integer(name, 'classes', classes, 1);
  integer(name, 'seed', seed, 0);
  if (!Array.isArray(layers)) throw problem(name, 'layers must be a list of layers', layers);
  const { specs, buffers, shape } = parameterSpecs(layers, imageShape);
  if (String(shape) !== String([1, 1, classes]))
    throw problem(name, `the last layer must give ${classes} numbers, one per class`, shape);
  const statistics = buffers.length > 0 && { buffers: initialise(buffers, seed) };
  return { name, imageShape, classes, layers, parameters: initialise(specs, seed), ...statistics };
}

/** Entry check shared by the ready-made networks. */
export function readyMade(name: string, layers: (classes: number) => readonly Layer[], options: NetworkOptions): Model {
  checkOptions(name, options, ['imageShape', 'classes', 'seed']);
  return network({ name, ...options, layers: layers(options.classes ?? 10) });
}
