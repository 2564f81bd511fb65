import assert from 'node:assert/strict';
import { join } from 'node:path';
import test from 'node:test';
import { yardstick } from '../../src/attacks/choose/yardstick.js';
import { WEIGHTS } from '../../src/attacks/confidence/covariate-weights.js';
import { decidedness } from '../../src/attacks/confidence/decided.js';
import { COVARIATES, expectedSsim, logistic } from '../../src/attacks/confidence/expected.js';
import { signsOf } from '../../src/attacks/confidence/signs.js';
import { readRows } from '../../src/cli/matrix.js';
import { ndarray } from '../../src/core/arrays.js';
import { uniformStream } from '../../src/core/random.js';
import { openDataset } from '../../src/data/index.js';
import { clientUpdate, observe } from '../../src/federation/index.js';
import { ssim } from '../../src/metrics/index.js';
import { lenet5, network } from '../../src/models/index.js';
import { parseObfuscation } from '../../src/obfuscation/index.js';
import { attackBy } from '../../src/registry/index.js';
import { fitted, heldOut, picturesOf, reliability } from '../../src/studies/calibration.js';
import type { MatrixRow } from '../../src/studies/matrix.js';
import { root } from '../fixtures.js';

const rowsOf = (file: string): MatrixRow[] => readRows(join(root, 'data/results', file));

test('confidence holds on networks that were not fitted on: calibration error below 0.05', () => {
  const left = heldOut(picturesOf(rowsOf('confidence.json')));
  for (const own of [true, false]) {
    const part = left.filter(({ picture }) => (picture.attack === 'default') === own);
    const { error, bins } = reliability(
      part.map(({ predicted }) => predicted),
      part.map(({ picture }) => picture.ssim),
    );
    assert.ok(part.length > 300 && error < 0.05, `${part.length} pictures: ${error} ${JSON.stringify(bins)}`);
  }
});

const weights = Object.keys(COVARIATES).map((name) => WEIGHTS[name as keyof typeof WEIGHTS]);

test('confidence holds on the matrix: other images, other networks, another seed: calibration error below 0.08', () => {
  const pictures = picturesOf(rowsOf('matrix.json')).filter(({ attack }) => attack === 'default');
  const { error, bins, correlation } = reliability(
    pictures.map(({ x }) => logistic(weights, x)),
    pictures.map(({ ssim }) => ssim),
  );
  assert.ok(pictures.length > 200, `${pictures.length}`);
  assert.ok(error < 0.08, `${error} ${JSON.stringify(bins)}`);
  assert.ok(correlation > 0.5, `${correlation}`);
});

test('reliability: bins, their error and that of single pictures, by hand', () => {
  const { bins, error, each } = reliability([0.1, 0.12, 0.95], [0, 0.2, 0.5], 10);
  assert.deepEqual(
    bins.map(({ pictures }) => pictures),
    [2, 1],
  );
  assert.ok(Math.abs(error - (2 * 0.01 + 0.45) / 3) < 1e-12 && Math.abs(each - (0.1 + 0.08 + 0.45) / 3) < 1e-12);
});

test('fitted: gives back the weights of a logistic law', () => {
  const law = Object.keys(COVARIATES).map((_, k) => (k === 0 ? -0.5 : Math.sin(k)));
  const uniform = uniformStream(7);
  const pictures = Array.from({ length: 4000 }, () => {
    const x = law.map((_, k) => (k === 0 ? 1 : uniform() - 0.5));
    return { network: 'n', attack: 'default', x, ssim: logistic(law, x), weight: 1 };
  });
  const found = fitted(pictures);
  law.forEach((value, k) => {
    assert.ok(Math.abs(found[k]! - value) < 0.1, `${k}: ${found[k]} for ${value}`);
  });
});

const observed = async (phi: string) => {
  const data = await openDataset('scenes', { size: 32 });
  const batch = data.batch({ size: 2, seed: 5, labels: 'distinct' });
  const model = lenet5({ imageShape: data.imageShape, classes: 10, seed: 3 });
  const update = await clientUpdate(model, batch);
  return { batch, seen: observe(model, update, { obfuscation: parseObfuscation(phi), labels: batch.labels }) };
};

test('decidedness: none where all classes are alike, all for one class, in between by hand', async () => {
  const start = network({
    name: 'flat',
    imageShape: [2, 2, 1],
    classes: 4,
    layers: [{ kind: 'dense', units: 4, bias: true }],
  });
  const images = ndarray([2, 2, 2, 1], 0.5);
  const biased = (bias: readonly number[]) => ({
    ...start,
    parameters: start.parameters.map(({ name, shape, data }) =>
      name.endsWith('bias') ? { name, shape, data: Float32Array.from(bias) } : { name, shape, data: data.map(() => 0) },
    ),
  });
  assert.ok((await decidedness(biased([3, 3, 3, 3]), images)) < 1e-6);
  assert.ok((await decidedness(biased([60, 0, 0, 0]), images)) > 1 - 1e-6);
  // two classes of four, each 1/2: 1 - log 2 / log 4
  assert.ok(Math.abs((await decidedness(biased([30, 30, 0, 0]), images)) - 0.5) < 1e-4);
});

test('confidence holds on trained networks, each left out of the fit: calibration error below 0.08', () => {
  const left = heldOut(picturesOf(rowsOf('confidence.json'))).filter(({ picture }) => / steps$/.test(picture.network));
  const { error, bins } = reliability(
    left.map(({ predicted }) => predicted),
    left.map(({ picture }) => picture.ssim),
  );
  assert.ok(left.length > 500 && error < 0.08, `${left.length} pictures: ${error} ${JSON.stringify(bins)}`);
});

const matched = { attack: 'rog', settings: { method: 'matching' } };

test('expectedSsim: the truth is expected nearer than noise, a gray and its own coarse blocks', async () => {
  const { batch, seen } = await observed('none');
  const rule = yardstick(seen, batch.labels);
  const uniform = uniformStream(3);
  const expectation = async (images: typeof batch.images) =>
    Math.max(...expectedSsim(await signsOf(seen, { ...matched, images, labels: batch.labels }, rule)));
  const truth = Math.min(...expectedSsim(await signsOf(seen, { ...matched, ...batch }, rule)));
  assert.ok(truth > 0.6, `${truth}`);
  assert.ok((await expectation(ndarray(batch.images.shape, () => uniform()))) < 0.3);
  assert.ok((await expectation(ndarray(batch.images.shape, 0.5))) < 0.35);
});

for (const [attack, options] of [
  ['rog', { iterations: 60 }],
  ['rog', { iterations: 30, method: 'matching' }],
  ['dlg', { iterations: 10 }],
  ['invertingGradients', { iterations: 10 }],
  ['gradInversion', { iterations: 3 }],
] as const)
  test(`${attack} ${JSON.stringify(options)}: a confidence for every picture, the same by hand`, async () => {
    const { batch, seen } = await observed('quantize:3');
    const result = await attackBy(attack)(seen, options);
    const again = expectedSsim(await signsOf(seen, result, yardstick(seen, result.labels)));
    assert.deepEqual(result.confidence, again);
    const achieved = ssim(batch.images, result.images);
    assert.ok(again.length === 2 && again.every((c, b) => c >= 0 && c < Math.max(0.6, achieved[b]! + 0.4)));
  });

test('a network that ends in three dense layers: pictures of 10 dB are not called sure', async () => {
  const data = await openDataset('scenes', { size: 32 });
  const batch = data.batch({ size: 4, seed: 5, labels: 'distinct' });
  const conv = (filters: number) => ({ kind: 'conv' as const, filters, size: 5, padding: 'valid' as const });
  const dense = (units: number) => ({ kind: 'dense' as const, units, bias: true });
  const [relu, pool] = [{ kind: 'relu' as const }, { kind: 'maxPool' as const, size: 2 }];
  const model = network({
    name: 'tutorial',
    imageShape: data.imageShape,
    classes: 10,
    seed: 2,
    layers: [conv(6), relu, pool, conv(16), relu, pool, dense(120), relu, dense(84), relu, dense(10)],
  });
  const seen = observe(model, await clientUpdate(model, batch), {
    obfuscation: parseObfuscation('sign'),
    labels: batch.labels,
  });
  const result = await attackBy('rog')(seen, { method: 'closed-form', iterations: 60 });
  const achieved = ssim(batch.images, result.images);
  assert.ok(Math.max(...achieved) < 0.5, `${achieved}`);
  const { confidence = [] } = result;
  assert.ok(confidence.length === 4 && Math.max(...confidence) < 0.6, `${confidence} for ${achieved}`);
});
