import type { Layer, Model } from '../core/types.js';
import {
  lenet,
  mobilenetV2,
  type NetworkOptions,
  network,
  paperResnet18,
  resnet18,
  vgg7,
  vit,
} from '../models/index.js';

const conv = (filters: number, size: number, stride = 1): Layer => ({ kind: 'conv', filters, size, stride });
const dense = (units: number): Layer => ({ kind: 'dense', units, bias: true });
const relu: Layer = { kind: 'relu' };
const sigmoid: Layer = { kind: 'sigmoid' };
const pool: Layer = { kind: 'maxPool', size: 2 };

const list =
  (name: string, layers: readonly Layer[]) =>
  (options: NetworkOptions): Model =>
    network({ ...options, name, layers: [...layers, dense(options.classes ?? 10)] });

const valid = (filters: number): Layer => ({ kind: 'conv', filters, size: 5, padding: 'valid' });
const classic: readonly Layer[] = [valid(6), relu, pool, valid(16), relu, pool, dense(120), relu, dense(84), relu];
const grouped = (filters: number): Layer[] => [conv(filters, 3), { kind: 'groupNorm', groups: 8 }, relu];

/** The networks of the quality matrix, by name. */
export const ZOO = {
  lenet,
  vgg7,
  paperResnet18,
  'two-layer': list('two-layer', [dense(128), relu]),
  mlp: list('mlp', [dense(256), relu, dense(128), relu]),
  // LeNet-5 as PyTorch's and Flower's tutorials have it: valid convolutions, 6 and 16 filters, 120-84
  lenet5: list('lenet5', classic),
  flower: list(
    'flower',
    classic.map((layer) => (layer.kind === 'conv' ? { ...layer, bias: true } : layer)),
  ),
  'dlg-sigmoid': list('dlg-sigmoid', [conv(12, 5, 2), sigmoid, conv(12, 5, 2), sigmoid, conv(12, 5), sigmoid]),
  'group-norm': list('group-norm', [...grouped(16), pool, ...grouped(32), pool]),
  resnet18,
  mobilenetV2,
  vit,
} satisfies Record<string, (options: NetworkOptions) => Model>;

export type ZooName = keyof typeof ZOO;
