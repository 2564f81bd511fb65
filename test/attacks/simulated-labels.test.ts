import assert from 'node:assert/strict';
import test from 'node:test';
import { inferLabels } from '../../src/attacks/index.js';
import type { LabelOptions } from '../../src/attacks/infer-labels.js';
import { keptByPhi } from '../../src/attacks/labels/kept-by-phi.js';
import { pinkPictures } from '../../src/attacks/labels/pink-pictures.js';
import { ridgeLaw } from '../../src/attacks/labels/ridge.js';
import { wholeCounts } from '../../src/attacks/labels/whole-counts.js';
import { matrix } from '../../src/core/linear-algebra.js';
import { normalStream } from '../../src/core/random.js';
import { openDataset } from '../../src/data/index.js';
import { clientUpdate, observe } from '../../src/federation/index.js';
import { lenet, network } from '../../src/models/index.js';
import { parseObfuscation } from '../../src/obfuscation/index.js';
import { labelAccuracy } from '../../src/studies/index.js';

const draw = (count: number, seed: number) => Array.from({ length: count }, normalStream(seed));

test('wholeCounts: the nearest of all whole numbers in their bounds', () => {
  const every = (size: number, most: readonly number[]): number[][] =>
    most.length === 0
      ? size === 0
        ? [[]]
        : []
      : Array.from({ length: Math.min(size, most[0]!) + 1 }, (_, n) => n).flatMap((n) =>
          every(size - n, most.slice(1)).map((rest) => [n, ...rest]),
        );
  for (let seed = 1; seed <= 20; seed++) {
    const estimate = draw(4, seed).map((x) => 1.5 + 2 * x);
    const deviation = draw(4, seed + 100).map((x) => 0.2 + Math.abs(x));
    const [least, most] = [
      [0, 1, 0, 0],
      [6, 6, 2, 6],
    ];
    const distance = (n: readonly number[]) => n.reduce((s, k, j) => s + ((k - estimate[j]!) / deviation[j]!) ** 2, 0);
    const all = every(6, most).filter((n) => n.every((k, j) => k >= least[j]!));
    const best = all.reduce((a, b) => (distance(b) < distance(a) ? b : a));
    assert.deepEqual(wholeCounts(estimate, deviation, 6, least, most), best, `seed ${seed}`);
  }
});

test('ridgeLaw: an exact law is found, and the deviation is that of rows that were left out', () => {
  const [rows, inputs] = [30, 3];
  const x = matrix(rows, inputs, draw(rows * inputs, 5));
  const row = (i: number) => x.data.subarray(i * inputs, (i + 1) * inputs);
  const exact = Array.from({ length: rows }, (_, i) => 2 + 3 * row(i)[0]! - row(i)[2]!);
  const law = ridgeLaw(x, matrix(rows, 1, exact));
  assert.ok(law.deviation[0]! < 0.01);
  assert.ok(Math.abs(law.predict(matrix(1, 3, [1, 5, -2])).data[0]! - 7) < 0.01);
  const noise = draw(rows, 6);
  const blurred = ridgeLaw(
    x,
    matrix(
      rows,
      1,
      exact.map((y, i) => y + noise[i]!),
    ),
  ).deviation[0]!;
  assert.ok(blurred > 0.8 && blurred < 1.3, `${blurred} for noise of 1`);
});

test('keptByPhi: what phi leaves of the same update, for phi without chance', async () => {
  const model = lenet({ imageShape: [16, 16, 3] });
  const images = await pinkPictures(model.imageShape, 2, 3);
  const update = await clientUpdate(model, { images, labels: Int32Array.of(1, 4) });
  for (const phi of ['none', 'quantize:3', 'quantize:8', 'topk:0.95', 'sign', 'powersgd:2']) {
    const { tensors, obfuscation } = observe(model, update, { obfuscation: parseObfuscation(phi) });
    for (const [k, { data, name }] of update.tensors.entries()) {
      const kept = keptByPhi(obfuscation.evidence[k]!, tensors[k]!.data)(data);
      const size = tensors[k]!.data.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
      const far = kept.reduce((most, value, i) => Math.max(most, Math.abs(value - tensors[k]!.data[i]!)), 0);
      assert.ok(far <= 1e-5 * size, `${phi}, ${name}: ${far} of ${size}`);
    }
  }
});

test('pinkPictures: in [0, 1], of many brightnesses, the same for a seed', async () => {
  const { data } = await pinkPictures([8, 8, 3], 40, 2);
  assert.ok(data.every((value) => value >= 0 && value <= 1));
  const means = Array.from(
    { length: 40 },
    (_, k) => data.subarray(k * 192, (k + 1) * 192).reduce((a, b) => a + b) / 192,
  );
  assert.ok(Math.min(...means) < 0.35 && Math.max(...means) > 0.6);
  assert.deepEqual((await pinkPictures([8, 8, 3], 40, 2)).data, data);
  assert.notDeepEqual((await pinkPictures([8, 8, 3], 40, 3)).data, data);
});

test('inferLabels: simulated clients count repeated labels behind phi better than the head alone', async () => {
  const data = await openDataset('scenes', { size: 16 });
  const model = lenet({ imageShape: data.imageShape, seed: 7 });
  const right: Record<string, number> = { simulated: 0, head: 0 };
  for (const phi of ['quantize:3', 'noise:-10'])
    for (const seed of [2]) {
      const batch = data.batch({ size: 12, seed, labels: 'any' });
      const update = await clientUpdate(model, batch);
      const seen = observe(model, update, { obfuscation: parseObfuscation(phi) });
      const { labels, method, confidence } = await inferLabels(seen); // by simulation, where nothing else is asked for
      right.simulated! += labelAccuracy(labels, batch.labels) / 2;
      right.head! += labelAccuracy((await inferLabels(seen, { rule: 'head' })).labels, batch.labels) / 2;
      assert.match(method, /simulated clients/);
      assert.ok(confidence.every((c) => c >= 0 && c <= 1));
    }
  assert.ok(right.simulated! >= 0.9, `${right.simulated}`);
  assert.ok(right.simulated! >= right.head!, `${right.simulated} against ${right.head}`);
});

test('inferLabels: simulated clients take any network with a dense layer per class; other defaults stay', async () => {
  const model = network({
    name: 'normed',
    imageShape: [12, 12, 3],
    classes: 6,
    layers: [
      { kind: 'conv', filters: 12, size: 3, bias: true },
      { kind: 'relu' },
      { kind: 'groupNorm', groups: 3 },
      { kind: 'relu' },
      { kind: 'adaptiveAveragePool', size: 2 },
      { kind: 'flatten' },
      { kind: 'dense', units: 6 },
    ],
    seed: 3,
  });
  const labels = Int32Array.of(0, 0, 2, 2, 2, 5);
  const update = await clientUpdate(model, { images: await pinkPictures(model.imageShape, 6, 9), labels });
  const seen = observe(model, update, { obfuscation: parseObfuscation('qsgd:4') });
  const found = await inferLabels(seen, { rule: 'simulated' });
  assert.ok(labelAccuracy(found.labels, labels) >= 5 / 6, `${found.labels}`);
  assert.doesNotMatch((await inferLabels(seen)).method, /simulated/);
});

test('inferLabels: simulated clients tell how far they are; a stop ends them', async () => {
  const data = await openDataset('scenes', { size: 16 });
  const model = lenet({ imageShape: data.imageShape, seed: 7 });
  const update = await clientUpdate(model, data.batch({ size: 12, seed: 2, labels: 'any' }));
  const seen = observe(model, update, { obfuscation: parseObfuscation('quantize:3') });
  const told: (readonly [number, number])[] = [];
  const whole = await inferLabels(seen, { onProgress: (done, parts) => told.push([done, parts]) });
  const [, parts] = told[0]!;
  assert.deepEqual(
    told,
    Array.from({ length: parts + 1 }, (_, done) => [done, parts]),
  );
  assert.deepEqual(await inferLabels(seen), whole);
  for (const at of [0, 3, parts - 1]) {
    const control = new AbortController();
    const until = { signal: control.signal, onProgress: (done: number) => done === at && control.abort() };
    await assert.rejects(
      inferLabels(seen, until as LabelOptions),
      new RegExp(`inferLabels: was stopped before the labels were found, got "part ${at} of ${parts}"`),
    );
  }
  await assert.rejects(inferLabels(seen, { onProgress: 3 as never }), /onProgress must be a function, got 3/);
});
