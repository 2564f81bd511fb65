/** Clients of which something else was believed, one thing or two: checkClient names it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkClient } from '../../src/audit/index.js';
import { ndarray } from '../../src/core/arrays.js';
import { uniformStream } from '../../src/core/random.js';
import type { Layer, Model } from '../../src/core/types.js';
import { start } from '../../src/engine/index.js';
import { applyUpdate, type ClientOptions, clientUpdate } from '../../src/federation/index.js';
import { network } from '../../src/models/index.js';

const layers: Layer[] = [
  { kind: 'conv', filters: 4, size: 3, stride: 2 },
  { kind: 'batchNorm' },
  { kind: 'sigmoid' },
  { kind: 'dropout', rate: 0.4 },
  { kind: 'flatten' },
  { kind: 'dense', units: 4, bias: true },
];
const normalize = (mean: number[], std: number[]): Layer => ({ kind: 'normalize', mean, std });
const net = (list: readonly Layer[]): Model => network({ name: 'n', imageShape: [6, 6, 3], classes: 4, layers: list });
const batch = {
  images: ndarray([4, 6, 6, 3], uniformStream(7)),
  labels: Int32Array.of(0, 1, 2, 3),
};

/** What the client really is, beside what is believed of it. */
interface Case {
  readonly says: RegExp;
  readonly real?: ClientOptions;
  readonly believed?: ClientOptions;
  readonly realLayers?: readonly Layer[];
  readonly believedLayers?: readonly Layer[];
  readonly realBatch?: typeof batch;
}
const changed = (change: (layer: Layer) => Layer): Layer[] => layers.map(change);
const inMode = (mode: 'eval' | 'train') => changed((one) => (one.kind === 'batchNorm' ? { ...one, mode } : one));
const dropped = changed((one) => (one.kind === 'dropout' ? { ...one, mask: 'unknown' } : one));
const mirrored = {
  ...batch,
  images: {
    ...batch.images,
    data: batch.images.data.map((_, i, all) => {
      const [c, x, rest] = [i % 3, Math.floor(i / 3) % 6, i - (i % 18)];
      return all[rest + (5 - x) * 3 + c]!;
    }),
  },
};
const sgd = (more: object) => ({ kind: 'sgd', ...more }) as const;
const five = { localSteps: 5, learningRate: 0.1 };
const half = normalize([0.5, 0.5, 0.5], [0.5, 0.5, 0.5]);
const imageNet = normalize([0.485, 0.456, 0.406], [0.229, 0.224, 0.225]);

const CASES: readonly Case[] = [
  { says: /learning rate 0\.05$/, real: { learningRate: 0.05 }, believed: { learningRate: 0.1 } },
  { says: /learning rate 0\.001$/, real: { ...five, learningRate: 0.001 }, believed: five },
  {
    says: /learning rate 0\.3$/,
    real: { ...five, learningRate: 0.3, optimizer: sgd({ momentum: 0.9 }) },
    believed: { ...five, optimizer: sgd({ momentum: 0.9 }) },
  },
  {
    says: /learning rate 0\.01$/,
    real: { ...five, learningRate: 0.01, optimizer: 'adam' },
    believed: { ...five, learningRate: 0.001, optimizer: 'adam' },
  },
  { says: /with momentum 0\.9$/, real: { ...five, optimizer: sgd({ momentum: 0.9 }) }, believed: five },
  {
    says: /with momentum 0\.5$/,
    real: { ...five, optimizer: sgd({ momentum: 0.5 }) },
    believed: { ...five, optimizer: sgd({ momentum: 0.9 }) },
  },
  { says: /with no momentum$/, real: five, believed: { ...five, optimizer: sgd({ momentum: 0.9 }) } },
  {
    says: /with Nesterov momentum 0\.9$/,
    real: { ...five, optimizer: sgd({ momentum: 0.9, nesterov: true }) },
    believed: { ...five, optimizer: sgd({ momentum: 0.9 }) },
  },
  {
    says: /with momentum without Nesterov$/,
    real: { ...five, optimizer: sgd({ momentum: 0.8 }) },
    believed: { ...five, optimizer: sgd({ momentum: 0.8, nesterov: true }) },
  },
  { says: /with weight decay 5e-4$/, real: { ...five, optimizer: sgd({ weightDecay: 5e-4 }) }, believed: five },
  {
    says: /with weight decay 0\.01$/,
    real: { ...five, optimizer: sgd({ momentum: 0.9, weightDecay: 0.01 }) },
    believed: { ...five, optimizer: sgd({ momentum: 0.9 }) },
  },
  { says: /with no weight decay$/, real: five, believed: { ...five, optimizer: sgd({ weightDecay: 1e-3 }) } },
  { says: /with Adam$/, real: { ...five, optimizer: 'adam' }, believed: { ...five, optimizer: 'adamw' } },
  {
    says: /with Adam$/,
    real: { localSteps: 5, learningRate: 0.001, optimizer: 'adam' },
    believed: { localSteps: 5, learningRate: 0.001 },
  },
  { says: /running statistics .*evaluation mode\)$/, real: five, believed: five, realLayers: inMode('eval') },
  { says: /batch statistics .*training mode\)$/, real: five, believed: five, believedLayers: inMode('eval') },
  {
    says: /with input normalisation by ImageNet's$/,
    realLayers: [imageNet, ...layers],
    believedLayers: [half, ...layers],
    real: five,
    believed: five,
  },
  { says: /with no input normalisation$/, believedLayers: [half, ...layers], real: five, believed: five },
  { says: /with dropout$/, real: five, believed: five, realLayers: dropped },
  { says: /with no dropout$/, real: five, believed: five, believedLayers: dropped },
  { says: /with (the whole batch|mini-batches of 4)/, real: five, believed: { ...five, miniBatch: 2 } },
  { says: /with mini-batches of 3$|half of the batch/, real: { ...five, miniBatch: 2 }, believed: five },
  { says: /with twice as many local steps$/, real: { ...five, localSteps: 6 }, believed: { ...five, localSteps: 3 } },
  { says: /with one local step more$/, real: { ...five, localSteps: 4 }, believed: { ...five, localSteps: 3 } },
  {
    says: /with 5 times as many local steps$/,
    real: { learningRate: 0.1, epochs: 5, miniBatch: 2 },
    believed: { learningRate: 0.1, epochs: 1, miniBatch: 2 },
  },
  {
    says: /mini-batches of 2, as many rounds$|half of it, as many rounds$/,
    real: { learningRate: 0.1, epochs: 2, miniBatch: 2 },
    believed: { learningRate: 0.1, epochs: 2 },
  },
  { says: /falls as a cosine$/, real: { ...five, schedule: 'cosine' }, believed: five },
  {
    says: /its images in reverse order$/,
    real: {
      ...five,
      order: [
        [3, 2],
        [1, 0],
        [3, 2],
        [1, 0],
        [3, 2],
      ],
    },
    believed: { ...five, miniBatch: 2 },
  },
  { says: /with frozen conv0\/kernel, conv0\/bias$/, real: { ...five, frozen: ['conv0'] }, believed: five },
  {
    says: /with pixels from 0 to 255$/,
    realLayers: [{ kind: 'scale', factor: 255 }, ...layers.slice(0, 1), ...layers.slice(2)],
    believedLayers: [...layers.slice(0, 1), ...layers.slice(2)],
    real: { ...five, learningRate: 1e-3 },
    believed: { ...five, learningRate: 1e-3 },
  },
  { says: /with its images mirrored$/, realBatch: mirrored, real: five, believed: five },
  // two at a time
  {
    says: /with momentum 0\.9 and learning rate 0\.02$/,
    real: { ...five, learningRate: 0.02, optimizer: sgd({ momentum: 0.9 }) },
    believed: five,
  },
  {
    says: /momentum 0\.9.* and .*weight decay 5e-4|weight decay 5e-4 and .*momentum 0\.9/,
    real: { ...five, optimizer: sgd({ momentum: 0.9, weightDecay: 5e-4 }) },
    believed: five,
  },
  {
    says: /^(?=.*ImageNet's)(?=.*momentum 0\.9)/,
    realLayers: [imageNet, ...layers],
    believedLayers: layers,
    real: { ...five, optimizer: sgd({ momentum: 0.9 }) },
    believed: five,
  },
  {
    says: /^(?=.*evaluation mode)(?=.*twice as many)/,
    realLayers: inMode('eval'),
    real: { ...five, localSteps: 4 },
    believed: { ...five, localSteps: 2 },
  },
  {
    says: /^(?=.*Adam)(?=.*half of|.*mini-batches of 2)/,
    real: { ...five, learningRate: 0.001, optimizer: 'adam', miniBatch: 2 },
    believed: { ...five, learningRate: 0.001 },
  },
  {
    says: /^(?=.*mirrored)(?=.*learning rate 0\.2$)/,
    realBatch: mirrored,
    real: { ...five, learningRate: 0.2 },
    believed: five,
  },
];

for (const [k, one] of CASES.entries())
  test(`checkClient, wrong setting ${k + 1}: ${one.says.source}`, async () => {
    await start({ backend: 'cpu', compiled: 'off' });
    const { real = {}, believed = real, realLayers = layers, believedLayers = layers, realBatch = batch } = one;
    const first = net(layers);
    const as = (list: readonly Layer[]): Model => {
      const blank = net(list);
      const kept = blank.parameters.map((p, i) => ({
        ...p,
        data: first.parameters.length === blank.parameters.length ? first.parameters[i]!.data : p.data,
      }));
      return { ...blank, parameters: kept };
    };
    const [truth, before] = [as(realLayers), as(believedLayers)];
    const { tensors, client } = await clientUpdate(truth, realBatch, real);
    const after = applyUpdate(
      before,
      tensors.map((t, i) => ({ ...t, name: before.parameters[i]!.name })),
      client.learningRate,
    );
    const { agrees, sentence } = await checkClient(before, { after, batch, settings: believed });
    assert.equal(agrees, false);
    assert.match(sentence, /; it agrees with/);
    assert.match(sentence, one.says, sentence);
  });
