import { problem } from '../core/errors.js';
import { checked, type OptionTable, real, whole } from '../core/option-table.js';
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

/** What a client who builds it in decides; the weights are its own. */
export const PRECODE_TABLE = {
  units: whole('size of the bottleneck', 256),
  beta: real('weight of its divergence in the loss', 1e-3),
} satisfies OptionTable<Omit<PrecodeOptions, 'seed'>>;

const OPTIONS = { ...PRECODE_TABLE, seed: whole('of its initial weights', 1, { from: 0 }) };

/**
 * PRECODE: the network with a variational bottleneck before its last dense layer; all other weights stay. The gradients
 * of the bottleneck and of what follows it then carry numbers that the client drew, and a search that matches them is
 * led astray.
 *
 * The adaptive attack leaves those gradients out (Scheliga, Mäder, Seeland 2022, arXiv 2208.04767): to rog() they are
 * what `without:bottleneck6+without:dense7` keeps back. Another, throughBottleneck(), goes by the encoder alone. Mean
 * PSNR on photographs of 16x16 (untrained LeNet, 64 units, one image, 150 closures of rog(); gray 12 dB):
 *
 * | deviations       | no bottleneck | all matched | bottleneck left out | it and the head | throughBottleneck() |
 * |------------------|---------------|-------------|---------------------|-----------------|---------------------|
 * | 0.0067 (initial) | 33            | 23          | 22                  | 32              | 24                  |
 * | near 1           | 33            | 7           | 7                   | 25              | 24                  |
 *
 * Batches of 2 and 4 at the initial deviations (gray 11 and 12): all matched 17 and 18, it and the head left out 27 and
 * 24. So it stops a server that matches everything, and not one that knows of it.
 * Source: Scheliga, Mäder, Seeland 2022 (arXiv 2108.04725), section 4.
 * @throws a network whose last layer is not dense; options out of range
 * @example const defended = rog.nets.precode(rog.lenet(), { units: 64 });
 */
export function precode(model: Model, options: PrecodeOptions = {}): Model {
  const { units, beta, seed } = checked('precode', options, OPTIONS);
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
