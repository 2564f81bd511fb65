import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sizeOf } from '../../src/core/arrays.js';
import type { NamedArray } from '../../src/core/types.js';
import { inModuleOrder } from '../../src/models/module-order.js';

type Entry = readonly [name: string, ...shape: number[]];
const conv = (name: string, out: number, into: number): Entry => [`${name}.weight`, out, into, 3, 3];
const norm = (name: string, n: number): Entry[] =>
  ['weight', 'bias', 'running_mean', 'running_var'].map((leaf): Entry => [`${name}.${leaf}`, n]);
const layerNorm = (name: string, n: number): Entry[] => [
  [`${name}.weight`, n],
  [`${name}.bias`, n],
];
const dense = (name: string, out: number, into: number): Entry[] => [
  [`${name}.weight`, out, into],
  [`${name}.bias`, out],
];

const arrays = (entries: readonly Entry[]): NamedArray[] =>
  entries.map(([name, ...shape]) => ({ name, shape, data: new Float32Array(sizeOf(shape)) }));
const byName = (list: readonly NamedArray[]): NamedArray[] => [...list].sort((a, b) => (a.name < b.name ? -1 : 1));
const ordered = (entries: readonly Entry[]): string[] => {
  const tensors = arrays(entries);
  const wanted = tensors.map(({ shape }) => shape);
  return inModuleOrder('test', wanted, byName(tensors)).map(({ name }) => name);
};

const NETS: Readonly<Record<string, readonly Entry[]>> = {
  'a residual network of torchvision': [
    ...[conv('conv1', 4, 3), ...norm('bn1', 4)],
    ...[
      conv('layer1.0.conv1', 4, 4),
      ...norm('layer1.0.bn1', 4),
      conv('layer1.0.conv2', 4, 4),
      ...norm('layer1.0.bn2', 4),
    ],
    ...[
      conv('layer2.0.conv1', 4, 4),
      ...norm('layer2.0.bn1', 4),
      conv('layer2.0.conv2', 4, 4),
      ...norm('layer2.0.bn2', 4),
    ],
    ...[conv('layer2.0.downsample.0', 4, 4), ...norm('layer2.0.downsample.1', 4), ...dense('fc', 10, 4)],
  ],
  'a sequence of more than ten': Array.from({ length: 12 }, (_, i) => conv(`features.${i}`, 4, 4)),
  'a transformer': [
    ...['0', '1'].flatMap((k) => [
      ...layerNorm(`encoder.layers.encoder_layer_${k}.ln_1`, 8),
      ...([
        [`encoder.layers.encoder_layer_${k}.self_attention.in_proj_weight`, 24, 8],
        [`encoder.layers.encoder_layer_${k}.self_attention.in_proj_bias`, 24],
      ] as Entry[]),
      ...dense(`encoder.layers.encoder_layer_${k}.self_attention.out_proj`, 8, 8),
      ...layerNorm(`encoder.layers.encoder_layer_${k}.ln_2`, 8),
    ]),
    ...layerNorm('encoder.ln', 8),
  ],
};
for (const [name, entries] of Object.entries(NETS))
  test(`inModuleOrder: the modules of ${name} from the alphabet`, () => {
    assert.deepEqual(
      ordered(entries),
      entries.map(([entry]) => entry),
    );
  });

test('inModuleOrder: where names do not say which of two is first, it is refused, never guessed', () => {
  const silent: (readonly Entry[])[] = [
    [conv('second', 4, 4), conv('first', 4, 4)],
    [...norm('block1.0.bn2', 4), ...norm('bn1', 4)],
    [...norm('norm1', 4), ...norm('layer1.0.norm1', 4)],
    [...layerNorm('conv_proj', 4), ...layerNorm('ln_1', 4), ...layerNorm('ln', 4)],
  ];
  for (const entries of silent)
    assert.throws(() => ordered(entries), /keeps no order, and names must say which.*use the \.pt file/);
  assert.throws(
    () => inModuleOrder('test', [[5]], arrays([['a.weight', 4]])),
    /a module must begin with a tensor of shape \[5\], got \["a"\]/,
  );
});
