import assert from 'node:assert/strict';
import test from 'node:test';
import { type Head, readHead } from '../../src/attacks/closed-form/head.js';
import { features, meanFeatures, syntheticImages } from '../../src/attacks/closed-form/prior.js';
import { closedForm, rog } from '../../src/attacks/index.js';
import { separated, softInversion } from '../../src/attacks/sparse/index.js';
import { rowSpan } from '../../src/attacks/sparse/span.js';
import { imageAt, ndarray, stackImages } from '../../src/core/arrays.js';
import { mapped, matrix, product, transpose } from '../../src/core/linear-algebra.js';
import { normalStream, uniformStream } from '../../src/core/random.js';
import type { Model, NdArray } from '../../src/core/types.js';
import { openDataset } from '../../src/data/index.js';
import { clientUpdate, observe } from '../../src/federation/index.js';
import { match, mse, psnr } from '../../src/metrics/index.js';
import { lenet, network } from '../../src/models/index.js';
import { parseObfuscation } from '../../src/obfuscation/index.js';

const data = await openDataset('scenes', { size: 16 });

/** What the attack finds in a batch's update beside the batch's own features and masks; labels in ascending order. */
async function found(model: Model, images: NdArray, labels: Int32Array, change = (head: Head) => head) {
  const update = await clientUpdate(model, { images, labels });
  const head = change(readHead(observe(model, update, { labels: 'infer' })));
  const prior = meanFeatures(await features(head, syntheticImages(model.imageShape, 1)));
  const { shape, data: numbers } = await features(head, images);
  const truth = matrix(shape[0]!, shape[1]!, numbers);
  return { head, truth, recovered: await separated(head, Int32Array.from(labels).sort(), prior) };
}

const mean = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0) / values.length;

/** Random batches of n images whose labels repeat. */
function batches(n: number, count: number) {
  const out = [];
  for (let seed = 0; out.length < count; seed++) {
    const batch = data.batch({ size: n, seed });
    if (new Set(batch.labels).size < n) out.push(batch);
  }
  return out;
}

/** Largest error of the features, and share of wrong mask entries, each image against the one that it is nearest to. */
function errors({ head, truth, recovered }: Awaited<ReturnType<typeof found>>): { features: number; masks: number } {
  const rows = (m: { rows: number; columns: number; data: Float64Array }) =>
    Array.from({ length: m.rows }, (_, b) => m.data.subarray(b * m.columns, (b + 1) * m.columns));
  const inputs = mapped(product(truth, head.first.weights), (z, _, u) => z + head.first.bias[u]!);
  const [ours, masks] = [rows(recovered!.features), rows(recovered!.odds)];
  let [worst, wrong] = [0, 0];
  const taken = new Set<number>();
  for (const [b, row] of rows(truth).entries()) {
    const away = ours.map((other) => other.reduce((top, x, i) => Math.max(top, Math.abs(x - row[i]!)), 0));
    const at = away.indexOf(Math.min(...away));
    taken.add(at);
    worst = Math.max(worst, away[at]!);
    rows(inputs)[b]!.forEach((z, u) => {
      if (z > 0 !== masks[at]![u]! > 0) wrong++;
    });
  }
  assert.equal(taken.size, truth.rows, 'every image has one of its own');
  return { features: worst, masks: wrong / inputs.data.length };
}

test('rowSpan: singular values and row space of a matrix of known rank', async () => {
  const normal = normalStream(2);
  const random = (rows: number, columns: number) => mapped(matrix(rows, columns), normal);
  const [left, right] = [random(40, 3), random(30, 3)];
  const d = product(left, transpose(right));
  const { basis, images, values } = await rowSpan(d, 3, 1);
  const again = product(images, transpose(basis));
  again.data.forEach((value, i) => {
    assert.ok(Math.abs(value - d.data[i]!) < 1e-10, 'D = (D V) V^T');
  });
  product(transpose(basis), basis).data.forEach((value, i) => {
    assert.ok(Math.abs(value - Number(i % 4 === 0)) < 1e-12, 'V^T V = I');
  });
  const squares = d.data.reduce((sum, x) => sum + x * x, 0);
  assert.ok(Math.abs(values.reduce((sum, s) => sum + s * s, 0) - squares) < 1e-9 * squares);
  assert.ok(values[0]! >= values[1]! && values[1]! >= values[2]!);
});

test('separated: features to 1e-5 and every mask, random batches of 4, 8 and 16 with repeated labels', async () => {
  for (const [n, count] of [
    [4, 3],
    [8, 3],
    [16, 2],
  ] as const)
    for (const [k, { images, labels }] of batches(n, count).entries()) {
      const { features: worst, masks } = errors(
        await found(lenet({ imageShape: data.imageShape, seed: k }), images, labels),
      );
      assert.ok(worst < 1e-5 && masks < 1e-4, `${n} images, ${k}: features ${worst}, masks ${masks}`);
    }
});

test('separated: 24 and 32 images, a label counted wrong: what random starts miss is in what they leave', async () => {
  for (const [size, seed] of [
    [24, 3],
    [32, 4],
  ] as const) {
    const model = lenet({ imageShape: data.imageShape, seed });
    const { images, labels } = data.batch({ size, seed });
    const { head, truth } = await found(model, images, labels);
    const prior = meanFeatures(await features(head, syntheticImages(model.imageShape, 1)));
    const miscounted = Int32Array.from(labels).sort();
    miscounted[0] = miscounted[size - 1]!;
    const recovered = await separated(head, miscounted, prior, true);
    assert.ok(recovered, `${size} images`);
    assert.deepEqual([...recovered.separated!].sort(), [...labels].sort());
    assert.ok(errors({ head, truth, recovered }).features < 1e-4, `${size} images`);
  }
});

test('separated: fewer units than images: many rows fit, none is left over, and nothing is claimed', async () => {
  for (const [units, size, seed] of [
    [3, 5, 1],
    [3, 7, 1],
    [3, 7, 6],
  ] as const) {
    const model = network({
      name: 'narrow',
      imageShape: data.imageShape,
      layers: [{ kind: 'dense', units }, { kind: 'relu' }, { kind: 'dense', units: 10 }],
      seed,
    });
    const { images, labels } = data.batch({ size, seed });
    assert.equal((await found(model, images, labels)).recovered, undefined, `${units} units, ${size} images`);
  }
});

test('separated: predictions far from even, biases, a factor, and all images of one label', async () => {
  const sure = lenet({ imageShape: data.imageShape });
  const last = sure.parameters.at(-1)!;
  const parameters = [...sure.parameters.slice(0, -1), { ...last, data: last.data.map((w) => 40 * w) }];
  const biased = network({
    name: 'biased',
    imageShape: data.imageShape,
    seed: 2,
    layers: [
      { kind: 'conv', filters: 8, size: 3 },
      { kind: 'relu' },
      { kind: 'maxPool', size: 2 },
      { kind: 'dense', units: 200, bias: true },
      { kind: 'relu' },
      { kind: 'scale', factor: 0.5 },
      { kind: 'dense', units: 10, bias: true },
    ],
  });
  const { images, labels } = batches(6, 1)[0]!;
  const cases: [string, Model, Int32Array][] = [
    ['sure', { ...sure, parameters }, labels],
    ['biased', biased, labels],
    ['one label', lenet({ imageShape: data.imageShape }), new Int32Array(6).fill(3)],
  ];
  for (const [name, model, given] of cases) {
    const { features: worst, masks } = errors(await found(model, images, given));
    assert.ok(worst < 1e-4 && masks < 1e-3, `${name}: features ${worst}, masks ${masks}`);
  }
});

test('separated: knows by itself where it fails: noise, wrong labels, one picture twice, zeros', async () => {
  const model = lenet({ imageShape: data.imageShape });
  const { images, labels } = batches(4, 1)[0]!;
  const uniform = uniformStream(3);
  const changed = (f: (value: number) => number) => (head: Head) => ({
    ...head,
    first: { ...head.first, observed: head.first.observed.map(f) },
  });
  const top = 2e-2;
  const noisy = await found(
    model,
    images,
    labels,
    changed((g) => g + top * (uniform() - 0.5)),
  );
  assert.equal(noisy.recovered, undefined, 'noise');
  const zeros = await found(
    model,
    images,
    labels,
    changed(() => 0),
  );
  assert.equal(zeros.recovered, undefined, 'zeros');
  const twice = stackImages([imageAt(images, 0), imageAt(images, 0), imageAt(images, 1), imageAt(images, 2)]);
  assert.equal((await found(model, twice, Int32Array.of(2, 2, 5, 7))).recovered, undefined, 'twice the same');
  const moved = (head: Head): Head => ({
    ...head,
    last: { ...head.last, bias: head.last.bias.map((b, j) => b + (j % 2 ? 2 : -2)) },
  });
  assert.equal((await found(model, images, labels, moved)).recovered, undefined, 'explained, but not as predicted');
  const { head } = await found(model, images, labels);
  const prior = meanFeatures(await features(head, syntheticImages(model.imageShape, 1)));
  const other = Int32Array.from(labels, (label) => (label + 1) % 10);
  assert.equal(await separated(head, other, prior), undefined, 'wrong labels');
  const corrected = (await separated(head, other, prior, true))?.separated;
  assert.deepEqual([...corrected!], [...labels].sort(), 'labels that were only inferred are corrected');
});

test('closedForm and rog: a batch of eight with repeated labels, every picture, FedSGD and FedAvg', async () => {
  const model = lenet({ imageShape: data.imageShape });
  const batch = batches(8, 1)[0]!;
  const order = [...batch.labels.keys()].sort((a, b) => batch.labels[a]! - batch.labels[b]!);
  const truth = stackImages(order.map((i) => imageAt(batch.images, i)));
  for (const localSteps of [1, 5]) {
    const update = await clientUpdate(model, batch, { localSteps, learningRate: 0.003 });
    const observed = observe(model, update, { labels: 'infer' });
    const result = await closedForm(observed, { iterations: 150 });
    const nearest = order.map((_, i) =>
      Math.max(...order.map((__, j) => psnr(imageAt(truth, i), imageAt(result.images, j))[0]!)),
    );
    assert.ok(Math.min(...nearest) > 17, `${localSteps} steps: ${nearest.map((p) => p.toFixed(1))}`);
    assert.equal((await rog(observed, { iterations: 2 })).settings.method, 'closed-form');
  }
});

test('closedForm: repeated labels behind phi: pictures of one class part, and beat gradient matching', async () => {
  const model = lenet({ imageShape: data.imageShape });
  const batch = batches(8, 1)[0]!;
  const update = await clientUpdate(model, batch);
  for (const phi of ['quantize:3', 'topk:0.9']) {
    const observed = observe(model, update, { labels: 'infer', obfuscation: parseObfuscation(phi), seed: 3 });
    const single = (images: NdArray): NdArray[] => [...batch.labels.keys()].map((i) => imageAt(images, i));
    const quality = ({ images }: { images: NdArray }): number => {
      const cost = single(batch.images).map((truth) => single(images).map((found) => mse(truth, found)[0]!));
      return mean(match(cost).map((at, i) => psnr(imageAt(batch.images, i), imageAt(images, at))[0]!));
    };
    const solved = await closedForm(observed, { iterations: 240 });
    const ours = quality(solved);
    const counted = { ...observed, labels: solved.labels }; // as matching would count them
    const matching = quality(await rog(counted, { method: 'matching', iterations: 240 }));
    assert.ok(ours > matching + 0.5, `${phi}: ${ours.toFixed(1)} dB, by matching ${matching.toFixed(1)} dB`);
  }
});

const STEP = 5e-3;

test('softInversion: the gradient, through the masks too, against differences of the objective', async () => {
  const model = lenet({ imageShape: [8, 8, 3], classes: 4 });
  const images = ndarray([2, 8, 8, 3], uniformStream(4));
  const observed = observe(model, await clientUpdate(model, { images, labels: Int32Array.of(1, 1) }), {
    labels: [1, 1],
  });
  const head = readHead(observed);
  const prior = meanFeatures(await features(head, syntheticImages(model.imageShape, 1)));
  const options = { objective: 'relativeL2', prior: 'tv', weight: 1e-3 } as const;
  const soft = await softInversion(observed, head, Int32Array.of(1, 1), prior, options);
  const at = ndarray([2, 8, 8, 3], uniformStream(5));
  const { gradient } = await soft.evaluate(at, 0.5);
  const slope = Math.sqrt(gradient.data.reduce((sum, g) => sum + g * g, 0));
  const value = async (step: number) =>
    (await soft.evaluate({ ...at, data: at.data.map((x, i) => x + (step * gradient.data[i]!) / slope) }, 0.5))
      .objective;
  const difference = ((await value(STEP)) - (await value(-STEP))) / (2 * STEP);
  soft.dispose();
  assert.ok(Math.abs(slope - difference) < 0.02 * Math.abs(difference), `${slope} and ${difference}`);
});
