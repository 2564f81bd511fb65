import assert from 'node:assert/strict';
import test from 'node:test';
import { ndarray } from '../../src/core/arrays.js';
import { uniformStream } from '../../src/core/random.js';
import type { Layer, Model, Update } from '../../src/core/types.js';
import { batchNormThreat, clientUpdate, knownMoments, observe } from '../../src/federation/index.js';
import { network, withModes } from '../../src/models/index.js';
import { forEachEngine } from '../engines.js';

const norm: Layer = { kind: 'batchNorm' };
const layers: Layer[] = [
  { kind: 'conv', filters: 3, size: 3, bias: false },
  norm,
  { kind: 'relu' },
  { kind: 'residual', body: [{ kind: 'conv', filters: 3, size: 1 }, norm], shortcut: [] },
  { kind: 'globalAveragePool' },
  { kind: 'dense', units: 4 },
];
const model = network({ name: 'normed', imageShape: [6, 6, 2], classes: 4, layers, seed: 3 });
const images = ndarray([4, 6, 6, 2], uniformStream(8));
const labels = Int32Array.of(0, 1, 2, 3);
const batch = { images, labels };

function near(got: Float32Array, wanted: Float32Array, tolerance: number): void {
  got.forEach((value, i) => {
    assert.ok(Math.abs(value - wanted[i]!) < tolerance, `[${i}] ${value}, not ${wanted[i]}`);
  });
}

/** The model after an update. */
const moved = (from: Model, { tensors, statistics }: Update, rate: number): Model => ({
  ...from,
  parameters: from.parameters.map((w, k) => ({ ...w, data: w.data.map((v, i) => v - rate * tensors[k]!.data[i]!) })),
  buffers: statistics!,
});

forEachEngine(
  (engine, setup) => {
    for (const miniBatch of [4, 2])
      test(`clientUpdate on ${engine}: 2 steps of ${miniBatch}: statistics of one after the other`, async () => {
        await setup();
        const learningRate = 0.5;
        const rows = (t: number) => {
          const from = (t * miniBatch) % 4;
          const size = 72;
          const part = images.data.slice(from * size, (from + miniBatch) * size);
          return {
            images: { shape: [miniBatch, 6, 6, 2], data: part },
            labels: labels.slice(from, from + miniBatch),
          };
        };
        const both = await clientUpdate(model, batch, { localSteps: 2, learningRate, miniBatch });
        const first = await clientUpdate(model, rows(0), { learningRate });
        const second = await clientUpdate(moved(model, first, learningRate), rows(1), { learningRate });
        for (const [k, { data }] of both.statistics!.entries()) near(data, second.statistics![k]!.data, 1e-5);
        for (const [k, { data }] of both.tensors.entries()) {
          const sum = data.map((_, i) => first.tensors[k]!.data[i]! + second.tensors[k]!.data[i]!);
          near(data, sum, 1e-4);
        }
      });

    test(`clientUpdate on ${engine}: more steps than one graph holds move the statistics on`, async () => {
      await setup();
      const many = await clientUpdate(model, batch, { localSteps: 10, learningRate: 1e-6 });
      const once = await clientUpdate(model, batch, { learningRate: 1e-6 });
      // weights hardly move, so r_10 = .9^10 r + (1 - .9^10) m with m from one step
      many.statistics!.forEach(({ data }, k) => {
        const start = model.buffers![k]!.data;
        const share = (1 - 0.9 ** 10) / 0.1;
        near(
          data,
          data.map((_, c) => start[c]! + share * (once.statistics![k]!.data[c]! - start[c]!)),
          1e-4,
        );
      });
    });
  },
  ['compiled', 'wasm'],
);

test('observe: statistics are withheld unless sent; the three threat models and their names', async () => {
  const update = await clientUpdate(model, batch);
  assert.equal(observe(model, update).statistics, undefined);
  assert.equal(batchNormThreat(observe(model, update)), 'BN_infer');
  const sent = observe(model, update, { statistics: 'sent' });
  assert.equal(batchNormThreat(sent), 'BN_exact');
  assert.deepEqual(sent.statistics, update.statistics);
  const fixed = withModes(model, { batchNorm: 'eval' });
  const still = await clientUpdate(fixed, batch);
  assert.equal(still.statistics, undefined);
  assert.equal(batchNormThreat(observe(fixed, still)), 'fixed');
  const plain = network({ name: 'plain', imageShape: [6, 6, 2], classes: 4, layers: [{ kind: 'dense', units: 4 }] });
  assert.equal(batchNormThreat(observe(plain, await clientUpdate(plain, batch))), 'none');
  assert.throws(
    () => observe(fixed, still, { statistics: 'sent' }),
    /observe: the update has no running statistics to send/,
  );
  assert.throws(
    () => observe(model, update, { statistics: 'send' as never }),
    /statistics must be one of withheld, sent, got "send"/,
  );
});

test('knownMoments: what was sent after one step gives the batch its moments away', async () => {
  const update = await clientUpdate(model, batch);
  const moments = knownMoments(observe(model, update, { statistics: 'sent' }));
  // the first batch norm sees conv(images): its moments by hand
  const [kernel] = model.parameters;
  const channels = [0, 1, 2].map((c) => {
    const values: number[] = [];
    for (let b = 0; b < 4; b++)
      for (let y = 0; y < 6; y++)
        for (let x = 0; x < 6; x++) {
          let sum = 0;
          for (let dy = 0; dy < 3; dy++)
            for (let dx = 0; dx < 3; dx++)
              for (let k = 0; k < 2; k++) {
                const [i, j] = [y + dy - 1, x + dx - 1];
                if (i < 0 || j < 0 || i > 5 || j > 5) continue;
                sum += images.data[((b * 6 + i) * 6 + j) * 2 + k]! * kernel!.data[((dy * 3 + dx) * 2 + k) * 3 + c]!;
              }
          values.push(sum);
        }
    const mean = values.reduce((a, b) => a + b, 0) / values.length;
    return { mean, variance: values.reduce((a, b) => a + (b - mean) ** 2, 0) / (values.length - 1) };
  });
  near(
    moments[0]!.mean.data,
    Float32Array.from(channels, ({ mean }) => mean),
    1e-5,
  );
  near(
    moments[0]!.variance.data,
    Float32Array.from(channels, ({ variance }) => variance),
    1e-5,
  );
  // withheld: the model's own running statistics stand for them
  assert.deepEqual(knownMoments(observe(model, update))[0]!.mean.data, model.buffers![0]!.data);
});

test('what batch norm in training mode does not go with is refused by name', async () => {
  const one = { images: ndarray([1, 6, 6, 2], 0.5), labels: Int32Array.of(0) };
  const narrow = network({
    name: 'narrow',
    imageShape: [6, 6, 2],
    classes: 4,
    layers: [{ kind: 'dense', units: 5 }, norm, { kind: 'dense', units: 4 }],
  });
  await assert.rejects(
    clientUpdate(narrow, one),
    new RegExp(
      'batchNorm: the training mode needs more than one value per channel, got \\[1, 5\\]; ' +
        "use a larger batch or picture, or mode: 'eval'",
    ),
  );
  await assert.rejects(
    clientUpdate(model, batch, { privacy: { clip: 1, noiseMultiplier: 0 } }),
    new RegExp(
      'privacy: each example has a gradient of its own, and batch norm in training mode mixes them, ' +
        `got "normed"; batchNorm: 'eval', or groupNorm`,
    ),
  );
  const { buffers: _, ...without } = withModes(model, { batchNorm: 'eval' });
  await assert.rejects(
    clientUpdate(without, batch),
    /batchNorm: the evaluation mode needs the running statistics of the model/,
  );
});
