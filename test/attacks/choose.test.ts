import assert from 'node:assert/strict';
import test from 'node:test';
import { grayOf, yardstick } from '../../src/attacks/choose/yardstick.js';
import { type RogOptions, rog } from '../../src/attacks/index.js';
import { permutation } from '../../src/core/random.js';
import type { Layer, Model, NdArray, Observation } from '../../src/core/types.js';
import { openDataset } from '../../src/data/index.js';
import { clientUpdate, observe } from '../../src/federation/index.js';
import { psnr } from '../../src/metrics/index.js';
import { network } from '../../src/models/index.js';
import { parseObfuscation } from '../../src/obfuscation/index.js';

const mean = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0) / values.length;

const net = (name: string, layers: readonly Layer[], seed = 1): Model =>
  network({
    name,
    imageShape: [16, 16, 3],
    classes: 10,
    seed,
    layers: [...layers, { kind: 'dense', units: 10, bias: true }],
  });

const conv = (filters: number, stride = 1): Layer => ({ kind: 'conv', filters, size: 5, stride });
const dense = (units: number): Layer => ({ kind: 'dense', units, bias: true });

const smooth = (kind: 'sigmoid' | 'softplus'): Model =>
  net(kind, [conv(12, 2), { kind }, conv(12, 2), { kind }, conv(12), { kind }]);
const perceptron = (): Model => net('perceptron', [dense(64), { kind: 'relu' }, dense(32), { kind: 'relu' }]);
const tutorial = (): Model =>
  net('tutorial', [
    conv(6),
    { kind: 'relu' },
    { kind: 'maxPool', size: 2 },
    dense(60),
    { kind: 'relu' },
    dense(40),
    { kind: 'relu' },
  ]);

async function seen(
  model: Model,
  size: number,
  phi = 'none',
  seed = 4,
): Promise<{ images: NdArray; observation: Observation }> {
  const data = await openDataset('scenes', { size: 16 });
  const { images } = data.batch({ size, seed });
  const labels = Int32Array.from(permutation(10, seed).slice(0, size));
  const update = await clientUpdate(model, { images, labels });
  return { images, observation: observe(model, update, { labels, obfuscation: parseObfuscation(phi) }) };
}

for (const phi of ['none', 'quantize:4', 'qsgd:4', 'topk:0.9', 'noise:5', 'sign', 'clip:0.5'])
  test(`yardstick: ${phi}: nothing is unexplained at the truth but what phi lost, much at an even gray`, async () => {
    const { images, observation } = await seen(tutorial(), 2, phi);
    const rule = yardstick(observation, observation.labels!);
    const [truth, gray] = [await rule(images), await rule(grayOf(observation))];
    assert.ok(truth.unexplained < 0.35 * gray.unexplained, `${truth.unexplained} and ${gray.unexplained}`);
    if (!/noise|qsgd/.test(phi)) assert.ok(truth.unexplained < 2e-3, `${truth.unexplained}`);
    assert.ok(gray.roughness < 2e-3 && truth.roughness > 0.01);
  });

test('yardstick: pictures of an attack that corrected the labels are measured with its own', async () => {
  const { images, observation } = await seen(tutorial(), 2);
  const right = observation.labels!;
  const wrong = right.map((label) => (label + 1) % 10);
  const rule = yardstick(observation, wrong);
  const [own, others] = [await rule(images, right), await rule(images)];
  assert.ok(own.unexplained < 2e-3, `${own.unexplained}`);
  assert.ok(others.unexplained > 0.3, `${others.unexplained}`);
});

const cases: [string, Model, number, string, RogOptions][] = [
  ['sigmoids', smooth('sigmoid'), 1, 'none', { method: 'matching' }],
  ['sigmoids', smooth('sigmoid'), 1, 'none', { objective: 'l2' }],
  ['sigmoids, two images', smooth('sigmoid'), 2, 'quantize:8', { method: 'matching' }],
  ['softplus', smooth('softplus'), 1, 'none', { objective: 'l2' }],
  ['three dense layers', perceptron(), 4, 'none', { method: 'matching' }],
  ['three dense layers, one image', perceptron(), 1, 'none', { method: 'matching' }],
  ['a convolution before three dense layers', tutorial(), 3, 'none', { method: 'matching' }],
  [
    'one image of every class',
    net('dense', [conv(12), { kind: 'relu' }, dense(96), { kind: 'relu' }]),
    10,
    'none',
    { method: 'matching' },
  ],
];
for (const [name, model, size, phi, other] of cases)
  test(`rog: ${name}, ${phi}: the default is not more than 1 dB under ${JSON.stringify(other)}`, async () => {
    const { images, observation } = await seen(model, size, phi);
    const [chosen, forced] = [await rog(observation), await rog(observation, other)];
    const [ours, theirs] = [mean(psnr(images, chosen.images)), mean(psnr(images, forced.images))];
    assert.ok(
      ours > theirs - 1,
      `${ours.toFixed(1)} dB, ${theirs.toFixed(1)} dB: ${JSON.stringify(chosen.settings.race)}`,
    );
  });

test('rog: what was tried is told, with closures and seconds of all of it', async () => {
  const { observation } = await seen(smooth('sigmoid'), 1);
  const told: number[] = [];
  const { settings, closures, seconds, history } = await rog(observation, {
    iterations: 60,
    onProgress: ({ closure, total }) => {
      assert.ok(closure <= total);
      told.push(closure);
    },
  });
  const race = settings.race as { candidate: string; closures: number; yardstick?: number; dropped?: string }[];
  assert.equal(
    closures,
    race.reduce((sum, entry) => sum + entry.closures, 0),
  );
  assert.deepEqual(
    told,
    Array.from(told, (_, i) => i + 1),
  );
  assert.ok(history.at(-1)!.closure <= closures && history[0]!.closure > 1);
  assert.ok(seconds > history.at(-1)!.seconds - history[0]!.seconds);
  assert.match(race.find(({ candidate }) => candidate === 'closed-form')!.dropped!, /does not end in dense/);
  assert.ok(race.filter(({ yardstick }) => yardstick !== undefined).length >= 5);
});

test('rog: a stop during the race returns the pictures so far', async () => {
  const { observation } = await seen(smooth('sigmoid'), 1);
  const control = new AbortController();
  const result = await rog(observation, {
    signal: control.signal,
    onProgress: ({ closure }) => {
      if (closure === 5) control.abort();
    },
  });
  assert.deepEqual([result.stopped, result.closures], ['cancelled', 5]);
});
