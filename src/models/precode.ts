import { problem } from '../core/errors.js';
import { checkOptions, integer, number } from '../core/options.js';
import type { Model } from '../core/types.js';
import { initialise, parameterSpecs } from './parameters.js';

/** Options of {@link precode}. */
export interface PrecodeOptions {
  /** Size of the bottleneck; default 256. */
  readonly units?: number;
  /** Weight of its divergence in the loss; default 1e-3. */
  readonly beta?: number;
  /** Of its initial weights; default 1. */
  readonly seed?: number;
}

/**
 * PRECODE: the network with a variational bottleneck before its last dense layer; all other weights stay. Every
 * gradient then carries numbers that the client drew, so a search that matches all of them is led astray, most by the
 * bottleneck's own.
 *
 * What it stops, and what not, on photographs of 16x16 (untrained LeNet, 64 units, one image, 150 closures of rog()):
 *
 * | deviations | no bottleneck | every gradient matched | bottleneck's left out | throughBottleneck() |
 * |------------|---------------|------------------------|-----------------------|---------------------|
 * | 0.0067 (initial) | 33 dB   | 23                     | 22                    | 24                  |
 * | near 1           |         | 7                      | 7                     | 24                  |
 *
 * Matching is led astray (gray: 12 dB), also where the bottleneck's gradients are left out (`without:bottleneck7`): the
 * errors that reach the layers before it hold the noise too. But the encoder is a dense layer with a bias, whose update
 * gives its input away: the adaptive attack throughBottleneck() goes by that alone. Of batches of two or more it makes
 * little.
 * Errors: a network whose last layer is not dense; options out of range.
 * Source: Scheliga, Mäder, Seeland 2022 (arXiv 2108.04725), section 4.
 * @example const defended = rog.precode(rog.lenet(), { units: 64 });
 */
export function precode(model: Model, options: PrecodeOptions = {}): Model {
  checkOptions('precode', options, ['units', 'beta', 'seed']);
  const { units = 256, beta = 1e-3, seed = 1 } = options;
  integer('precode', 'units', units, 1);
  number('precode', 'beta', beta, 0, Number.POSITIVE_INFINITY);
  integer('precode', 'seed', seed, 0);
  const place = model.layers.length - 1;
  const last = model.layers[place];
  if (last?.kind !== 'dense') throw problem('precode', 'needs a dense layer at the end of the network', last?.kind);
  const layers = [...model.layers.slice(0, place), { kind: 'bottleneck', units, beta } as const, last];
  const { specs } = parameterSpecs(layers, model.imageShape);
  const first = specs.findIndex(({ name }) => name.startsWith(`bottleneck${place}/`));
  const drawn = initialise(specs, seed);
  const parameters = specs.map(({ name, shape }, k) => {
    const old = model.parameters[k < first ? k : k - COUNT];
    const data = k >= first && k < first + COUNT ? drawn[k]!.data : old!.data;
    return { name, shape, data };
  });
  return { ...model, name: `${model.name}, PRECODE`, layers, parameters };
}

/** Arrays of a bottleneck: encoder and decoder, kernel and bias each. */
const COUNT = 4;
