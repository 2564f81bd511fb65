import assert from 'node:assert/strict';
import test from 'node:test';
import { imageAt, ndarray, oneHot, sizeOf } from '../../src/core/arrays.js';
import { uniformStream } from '../../src/core/random.js';
import type { Layer, Model } from '../../src/core/types.js';
import { clientUpdate } from '../../src/federation/index.js';
import { clippedGradients } from '../../src/federation/private-gradient.js';
import { mobilenetV2, network, resnet18, vit } from '../../src/models/index.js';
import { forEachEngine } from '../engines.js';
import { golden } from '../fixtures.js';

interface Case {
  readonly network: keyof typeof LAYERS;
  readonly scope: 'example' | 'tensor';
  readonly clip: number;
  readonly powers: readonly number[];
  readonly sum: readonly (readonly number[])[];
}
const { seed, cases } = golden('private-gradients') as unknown as { seed: number; cases: readonly Case[] };

const COUNT = 6;
const LAYERS = {
  lenet: [
    ...[4, 6].flatMap((filters): Layer[] => [
      { kind: 'conv', filters, size: 5 },
      { kind: 'relu' },
      { kind: 'maxPool', size: 2 },
    ]),
    ...[{ kind: 'dense', units: 12 }, { kind: 'relu' }, { kind: 'dense', units: 5 }],
  ],
  residual: [
    ...[{ kind: 'conv', filters: 4, size: 3, stride: 2, bias: false }, { kind: 'relu' }],
    {
      kind: 'residual',
      body: [
        ...[{ kind: 'conv', filters: 6, size: 3, groups: 2 }, { kind: 'relu' }],
        { kind: 'conv', filters: 4, size: 3, dilation: 2, bias: false },
      ],
      shortcut: [{ kind: 'conv', filters: 4, size: 1, bias: false }],
    },
    ...[{ kind: 'relu' }, { kind: 'globalAveragePool' }, { kind: 'dense', units: 5, bias: true }],
  ],
  normed: [
    ...[{ kind: 'conv', filters: 4, size: 3, bias: false }, { kind: 'groupNorm', groups: 2 }, { kind: 'relu' }],
    ...[{ kind: 'maxPool', size: 4 }, { kind: 'flatten' }, { kind: 'layerNorm' }, { kind: 'gelu' }],
    { kind: 'dense', units: 5, bias: true },
  ],
} as const satisfies Record<string, readonly Layer[]>;

const FANS = {
  lenet: [75, 75, 100, 100, 24, 12],
  residual: [27, 18, 18, 54, 4, 4, 4],
  normed: [27, 1, 1, 1, 1, 16, 16],
} as const;

/** The k-th parameter is (2 u - 1) / sqrt(fan), u from stream seed + k. */
function modelOf(name: Case['network']): Model {
  const layers: readonly Layer[] = LAYERS[name];
  const model = network({ name, imageShape: [8, 8, 3], classes: 5, layers });
  const parameters = model.parameters.map((p, k) => {
    const uniform = uniformStream(seed + k);
    const data = p.data.map(() => (2 * Math.fround(uniform()) - 1) / Math.sqrt(FANS[name][k]!));
    return { ...p, data };
  });
  return { ...model, parameters };
}

const images = ndarray([COUNT, 8, 8, 3], uniformStream(seed + 100));
const labels = Int32Array.from({ length: COUNT }, (_, i) => i % 5);

const close = (got: ArrayLike<number>, wanted: ArrayLike<number>, relative: number, where: string): void => {
  const size = Math.hypot(...Array.from(wanted));
  const away = Math.hypot(...Array.from(wanted, (v, i) => v - got[i]!));
  assert.ok(got.length === wanted.length && away <= relative * size, `${where}: ${away} away of ${size}`);
};

forEachEngine((engine, setup) => {
  for (const one of cases)
    test(`${engine}: private gradients of ${one.network} clipped by ${one.scope} are PyTorch's to 1e-5`, async () => {
      await setup();
      const model = modelOf(one.network);
      for (const group of [COUNT, 4]) {
        const clipped = await clippedGradients(model, { scope: one.scope, group });
        const { sum, powers } = await clipped.run(model.parameters, images, oneHot('test', labels, 5), one.clip);
        clipped.dispose();
        sum.forEach((data, k) => {
          close(data, one.sum[k]!, 1e-5, `${model.parameters[k]!.name} in groups of ${group}`);
        });
        close(powers, one.powers, 1e-5, 'powers');
      }
    });
});

test('without a clip the sums are the plain gradient, for every kind of layer', async () => {
  const size = { imageShape: [16, 16, 3], classes: 4 } as const;
  for (const model of [
    vit({ ...size, patch: 4, width: 8, depth: 1, heads: 2 }),
    mobilenetV2({ ...size, width: 0.25, batchNorm: 'eval' }),
    resnet18({ ...size, width: 0.125, batchNorm: 'eval' }),
    network({
      ...{ ...size, name: 'tokens and all', seed: 2 },
      layers: [
        ...([
          { kind: 'conv', filters: 4, size: 3, stride: 4 },
          { kind: 'layerNorm', over: 'all' },
        ] as const),
        ...([{ kind: 'instanceNorm', affine: true }, { kind: 'silu' }, { kind: 'dense', units: 4 }] as const),
      ],
    }),
  ]) {
    const batch = { images: ndarray([3, 16, 16, 3], uniformStream(5)), labels: Int32Array.of(0, 3, 3) };
    const plain = await clientUpdate(model, batch);
    const clipped = await clippedGradients(model, { group: 3 });
    const { sum, loss, powers } = await clipped.run(
      model.parameters,
      batch.images,
      oneHot('test', batch.labels, 4),
      Number.POSITIVE_INFINITY,
    );
    clipped.dispose();
    assert.ok(Math.abs(loss / 3 - plain.loss) < 1e-5);
    const lengths = model.parameters.map(() => 0);
    for (let i = 0; i < 3; i++) {
      const own = await clientUpdate(model, { images: imageAt(batch.images, i), labels: batch.labels.slice(i, i + 1) });
      for (const [k, { data }] of own.tensors.entries()) lengths[k]! += Math.hypot(...data) ** 2;
    }
    close(powers, lengths, 1e-4, `${model.name}: squared lengths of the examples' own gradients`);
    plain.tensors.forEach(({ data, name, shape }, k) => {
      assert.equal(sum[k]!.length, sizeOf(shape));
      const least = 1e-6 * Math.sqrt(data.length);
      const away = Math.hypot(...data.map((v, i) => v - sum[k]![i]! / 3));
      assert.ok(away < 1e-4 * Math.hypot(...data) + least, `${model.name} ${name}: ${away} of ${Math.hypot(...data)}`);
    });
  }
});
