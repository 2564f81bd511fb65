import type { Layer, Model } from '../core/types.js';
import type { NetworkOptions } from '../models/index.js';
import { lenet, lenet5, mapLayers, mobilenetV2, network, paperResnet18, resnet18, vgg7, vit } from '../models/index.js';

const conv = (filters: number, size: number, stride = 1): Layer => ({ kind: 'conv', filters, size, stride });
const dense = (units: number): Layer => ({ kind: 'dense', units, bias: true });
const relu: Layer = { kind: 'relu' };
const sigmoid: Layer = { kind: 'sigmoid' };
const pool: Layer = { kind: 'maxPool', size: 2 };

const list =
  (name: string, layers: readonly Layer[]) =>
  (options: NetworkOptions): Model =>
    network({ ...options, name, layers: [...layers, dense(options.classes ?? 10)] });

/** A network of the paper with a quarter of its filters and hidden units: the same shape, a sixteenth of the work. */
const quarter =
  (of: (options: NetworkOptions) => Model) =>
  (options: NetworkOptions): Model => {
    const { name, layers, classes } = of(options);
    const fewer = mapLayers(layers.slice(0, -1), (layer) => {
      if (layer.kind === 'conv') return { ...layer, filters: layer.filters / 4 };
      return layer.kind === 'dense' ? { ...layer, units: layer.units / 4 } : layer;
    });
    return network({
      ...options,
      name: `${name} / 4`,
      layers: [...fewer, { ...layers.at(-1)!, units: classes } as Layer],
    });
  };

const valid = (filters: number): Layer[] => [
  { kind: 'conv', filters, size: 5, padding: 'valid', bias: true },
  relu,
  pool,
];
const grouped = (filters: number): Layer[] => [conv(filters, 3), { kind: 'groupNorm', groups: 8 }, relu];

/**
 * The networks of the quality matrix, by name: 32x32 pictures, untrained. The larger ones are a quarter as wide as
 * published (the vision transformer is small by itself), or the matrix would take weeks.
 */
export const ZOO = {
  lenet,
  vgg7: quarter(vgg7),
  paperResnet18: quarter(paperResnet18),
  'two-layer': list('two-layer', [dense(128), relu]),
  mlp: list('mlp', [dense(256), relu, dense(128), relu]),
  lenet5,
  // the convolutional network of PyTorch's and Flower's tutorials
  flower: list('flower', [...valid(6), ...valid(16), dense(120), relu, dense(84), relu]),
  'dlg-sigmoid': list('dlg-sigmoid', [conv(12, 5, 2), sigmoid, conv(12, 5, 2), sigmoid, conv(12, 5), sigmoid]),
  'group-norm': list('group-norm', [...grouped(16), pool, ...grouped(32), pool]),
  'resnet18-train': (options) => resnet18({ ...options, width: 0.25, batchNorm: 'train' }),
  'resnet18-eval': (options) => resnet18({ ...options, width: 0.25, batchNorm: 'eval' }),
  mobilenetV2: (options) => mobilenetV2({ ...options, width: 0.25 }),
  vit,
} satisfies Record<string, (options: NetworkOptions) => Model>;

export type ZooName = keyof typeof ZOO;
