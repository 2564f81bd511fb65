import assert from 'node:assert/strict';
import test from 'node:test';
import { inferLabels, LABEL_RULES, type LabelRule } from '../../src/attacks/index.js';
import type { LabelOptions } from '../../src/attacks/infer-labels.js';
import { classView, dummyImpact } from '../../src/attacks/labels/class-view.js';
import type { Layer } from '../../src/core/types.js';
import { openDataset } from '../../src/data/index.js';
import { clientUpdate, observe } from '../../src/federation/index.js';
import { lenet, network } from '../../src/models/index.js';
import { parseObfuscation } from '../../src/obfuscation/index.js';
import { labelAccuracy, labelStudy } from '../../src/studies/index.js';

const PHIS = ['none', 'quantize:3', 'qsgd:3', 'topk:0.95', 'sign', 'noise:-10'];

async function inferred(
  size: number,
  seed: number,
  phi: string,
  labels: 'any' | 'distinct',
  localSteps = 1,
  options: LabelOptions = {},
) {
  const data = await openDataset('scenes', { size: 16 });
  const batch = data.batch({ size, seed, labels });
  const model = lenet({ imageShape: data.imageShape, seed: 100 + seed });
  const update = await clientUpdate(model, batch, { localSteps });
  const found = await inferLabels(
    observe(model, update, { obfuscation: parseObfuscation(phi), labels: 'infer' }),
    options,
  );
  return { ...found, truth: [...batch.labels].sort((a, b) => a - b) };
}

test('inferLabels: one image, every phi: exact', async () => {
  for (const phi of PHIS)
    for (const seed of [1, 2, 3]) {
      const { labels, truth, confidence } = await inferred(1, seed, phi, 'distinct');
      assert.deepEqual([...labels], truth, phi);
      assert.ok(confidence[0]! > 0 && confidence[0]! <= 1);
    }
});

test('inferLabels: 4 and 8 distinct labels without obfuscation, FedSGD and FedAvg: exact', async () => {
  for (const size of [4, 8])
    for (const localSteps of [1, 5]) {
      const { labels, truth } = await inferred(size, 7, 'none', 'distinct', localSteps);
      assert.deepEqual([...labels], truth, `${size} images, ${localSteps} steps`);
    }
});

test('inferLabels: repeated labels are counted', async () => {
  const { labels, truth, method } = await inferred(8, 3, 'none', 'any');
  assert.ok(new Set(truth).size < 8, 'the batch does repeat a label');
  assert.deepEqual([...labels], truth);
  assert.match(method, /LLG/);
});

test('inferLabels: a network without a dense layer per class is refused, with the way out', async () => {
  const model = network({
    name: 'conv',
    imageShape: [8, 8, 3],
    classes: 4,
    layers: [
      { kind: 'conv', filters: 4, size: 3 },
      { kind: 'adaptiveAveragePool', size: 1 },
    ],
  });
  const images = { shape: [1, 8, 8, 3], data: new Float32Array(192).fill(0.5) };
  const update = await clientUpdate(model, { images, labels: Int32Array.of(1) });
  await assert.rejects(
    inferLabels(observe(model, update)),
    /needs a last dense layer with one output per class.*give the labels to observe/,
  );
});

test('inferLabels: negative entries prove classes, so distinct labels are exact where phi keeps signs', async () => {
  for (const phi of PHIS.filter((name) => name !== 'noise:-10'))
    for (const [seed, localSteps] of [
      [7, 1],
      [8, 1],
      [9, 5],
    ] as const) {
      const { labels, truth } = await inferred(4, seed, phi, 'distinct', localSteps);
      assert.deepEqual([...labels], truth, `${phi}, ${localSteps} steps`);
    }
});

test('inferLabels: a class that is proven is in the batch, whatever repeats', async () => {
  for (const seed of [3, 4, 5]) {
    const { labels, truth } = await inferred(8, seed, 'sign', 'any');
    assert.deepEqual(new Set(labels), new Set(truth));
  }
});

test('inferLabels: after noise nothing is proven; the counts stay mostly right', async () => {
  const { method, labels, truth } = await inferred(4, 7, 'noise:-10', 'distinct');
  assert.match(method, /regression on the dense head/);
  assert.ok(labelAccuracy(labels, truth) >= 0.75);
});

test('inferLabels: each rule by name; a rule that does not fit is refused', async () => {
  for (const rule of ['rowSum', 'minimum', 'counts', 'proof', 'head', 'simulated'] as const) {
    const { labels, truth } = await inferred(4, 7, 'none', 'distinct', 1, { rule });
    assert.deepEqual([...labels], truth, rule);
  }
  await assert.rejects(
    inferred(2, 1, 'none', 'any', 1, { rule: 'bias' }),
    /needs a last dense layer with bias.*'counts'/,
  );
  await assert.rejects(inferred(2, 1, 'none', 'any', 1, { rule: 'rowsum' as LabelRule }), /did you mean "rowSum"/);
  assert.equal(Object.keys(LABEL_RULES).length, 8);
});

for (const [name, after] of [
  ['a last layer with bias counts repeated labels exactly', []],
  ['scores that are multiplied are counted by what one image moves the bias', [{ kind: 'scale', factor: 0.125 }]],
] as const)
  test(`inferLabels: ${name}`, async () => {
    const layers: Layer[] = [{ kind: 'conv', filters: 6, size: 3 }, { kind: 'tanh' }];
    layers.push({ kind: 'dense', units: 10, bias: true }, ...after);
    const model = network({ name: 'biased', imageShape: [8, 8, 3], layers });
    const images = { shape: [6, 8, 8, 3], data: new Float32Array(6 * 192).map((_, i) => (i % 7) / 7) };
    const truth = [1, 1, 1, 4, 4, 9];
    const update = await clientUpdate(model, { images, labels: Int32Array.from(truth) });
    const { labels, method } = await inferLabels(observe(model, update));
    assert.deepEqual([...labels], truth);
    assert.match(method, /bias/);
  });

/** Heads whose features may be negative: pixels about their mean, tanh, a layer norm, whose features sum to 0. */
const SIGNED: Readonly<Record<string, readonly Layer[]>> = {
  pixels: [{ kind: 'normalize', mean: [0.5, 0.5, 0.5], std: [0.25, 0.25, 0.25] }],
  tanh: [{ kind: 'conv', filters: 6, size: 3, bias: true }, { kind: 'tanh' }],
  norm: [{ kind: 'dense', units: 16, bias: true }, { kind: 'layerNorm' }],
};

test('inferLabels: features that may be negative: one image, with bias and without, and four', async () => {
  const data = await openDataset('scenes', { size: 16 });
  for (const [name, body] of Object.entries(SIGNED))
    for (const phi of ['none', 'quantize:4', 'sign', 'topk:0.9'])
      for (const [k, bias] of [true, false, true, false].entries()) {
        const layers = [...body, { kind: 'dense', units: 6, bias } as const];
        const model = network({ name, imageShape: data.imageShape, classes: 6, seed: k, layers });
        for (const truth of [[k], ...(bias && ['none', 'quantize:4'].includes(phi) ? [[1, 2, 4, 5]] : [])]) {
          const { images } = data.batch({ split: 'test', size: truth.length, seed: k });
          const update = await clientUpdate(model, { images, labels: Int32Array.from(truth) });
          const seen = observe(model, update, { obfuscation: parseObfuscation(phi) });
          const { labels, confidence } = await inferLabels(seen);
          assert.deepEqual([...labels], truth, `${name}, ${phi}, ${bias ? '' : 'no '}bias`);
          assert.ok(confidence.every((c) => c >= 0 && c <= 1));
        }
      }
});

test('labelStudy: the share of a batch that is right, repeated labels counted', async () => {
  assert.equal(labelAccuracy([1, 1, 2, 3], [1, 2, 2, 3]), 0.75);
  assert.equal(labelAccuracy([5], [5]), 1);
  const data = await openDataset('scenes', { size: 16 });
  const batch = data.batch({ size: 4, seed: 1, labels: 'distinct' });
  const model = lenet({ imageShape: data.imageShape });
  const [one, two] = await labelStudy([
    { model, batch, phi: 'none' },
    { model, batch, phi: 'sign', rule: 'counts' },
  ]);
  assert.equal(one!.accuracy, 1);
  assert.equal(two!.accuracy, labelAccuracy(two!.found, batch.labels));
});

test('inferLabels: repeated labels behind top-k and signs: fewer errors than from the last layer alone', async () => {
  for (const [phi, size] of [
    ['topk:0.95', 8],
    ['sign', 16],
  ] as const) {
    const right = { head: 0, proof: 0 };
    for (const seed of [3, 4, 5])
      for (const rule of ['head', 'proof'] as const) {
        const { labels, truth } = await inferred(size, seed, phi, 'any', 1, { rule });
        right[rule] += labelAccuracy(labels, truth) / 3;
      }
    assert.ok(right.head > right.proof + 0.05, `${phi}: ${right.head}, by the last layer ${right.proof}`);
    assert.ok(right.head > 0.85, `${phi}: ${right.head}`);
  }
});

test('dummyImpact: the predicted probabilities sum to one; classView sums the columns per local step', async () => {
  const data = await openDataset('scenes', { size: 16 });
  const model = lenet({ imageShape: data.imageShape, seed: 100 });
  const batch = data.batch({ size: 3, seed: 1 });
  const { probabilities, impact } = await dummyImpact(classView(observe(model, await clientUpdate(model, batch))));
  const total = probabilities.reduce((sum, p) => sum + p, 0);
  assert.ok(Math.abs(total - 1) < 0.02 && probabilities.every((p) => p > 0), `${probabilities}`);
  assert.ok(impact > 0);
  const update = await clientUpdate(model, data.batch({ size: 2, seed: 1 }), { localSteps: 3 });
  const { sums, minima } = classView(observe(model, update));
  const kernel = update.tensors.at(-1)!;
  for (let j = 0; j < 10; j++) {
    const column = Array.from({ length: kernel.data.length / 10 }, (_, i) => kernel.data[i * 10 + j]! / 3);
    assert.ok(Math.abs(sums[j]! - column.reduce((sum, x) => sum + x, 0)) < 1e-6);
    assert.ok(Math.abs(minima[j]! - Math.min(...column)) < 1e-9);
  }
});
