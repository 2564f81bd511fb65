import assert from 'node:assert/strict';
import test from 'node:test';
import { halfWidth, isSent } from '../../src/core/evidence.js';
import { deriveSeed } from '../../src/core/random.js';
import { openDataset } from '../../src/data/index.js';
import { averageUpdates, clientUpdate, observe, observeSum } from '../../src/federation/index.js';
import { lenet } from '../../src/models/index.js';
import { parseObfuscation } from '../../src/obfuscation/index.js';

const data = await openDataset('scenes', { size: 16 });
const model = lenet({ imageShape: [16, 16, 3], classes: data.classNames.length, seed: 1 });
const parts = [1, 2, 1].map((size, c) => data.batch({ split: 'test', size, seed: c }));
const updates = await Promise.all(parts.map((part) => clientUpdate(model, part, { learningRate: 0.1 })));
const labels = parts.flatMap((part) => [...part.labels]);
const seen = (phi: string) => observeSum(model, updates, { obfuscation: parseObfuscation(phi), labels, seed: 5 });
const truth = averageUpdates(
  updates,
  updates.map(({ client }) => client.batchSize),
);

test('observeSum: the mean of what each client sends, by a seed of its own, and not phi of the mean', () => {
  const phi = parseObfuscation('qsgd:3');
  const sent = updates.map((update, c) => phi.apply(update.tensors, deriveSeed(5, 'client', c)).tensors);
  const [a, b, c] = sent as [(typeof sent)[0], (typeof sent)[0], (typeof sent)[0]];
  const { tensors, client, obfuscation } = seen('qsgd:3');
  tensors.forEach(({ data: got }, k) => {
    got.forEach((value, i) => {
      const wanted = (a[k]!.data[i]! + 2 * b[k]!.data[i]! + c[k]!.data[i]!) / 4;
      assert.ok(Math.abs(value - wanted) < 1e-6 * (1 + Math.abs(wanted)));
    });
  });
  assert.deepEqual([client.batchSize, obfuscation.parameters.clients], [4, 3]);
  assert.ok(Math.abs(obfuscation.bitsPerEntry - 3) < 1e-3);
  const whole = observe(model, truth, { obfuscation: phi, labels, seed: 5 });
  assert.notDeepEqual(tensors[0]!.data, whole.tensors[0]!.data);
});

const BOUNDED = ['quantize:3', 'qsgd:4', 'topk:0.9', 'topk:0.9+quantize:4', 'mask:0.5', 'nf4', 'fp16', 'percentile:90'];
for (const phi of BOUNDED)
  test(`observeSum: no entry of the true mean is outside what the evidence says of ${phi}`, () => {
    const { tensors, obfuscation } = seen(phi);
    let known = 0;
    obfuscation.evidence.forEach((evidence, k) => {
      truth.tensors[k]!.data.forEach((value, i) => {
        const observed = tensors[k]!.data[i]!;
        const width = halfWidth(evidence, observed, i);
        assert.ok(Math.abs(value - observed) <= width * (1 + 1e-4) + 1e-7, `${phi} ${k} ${i}`);
        known += Number(Number.isFinite(width));
      });
    });
    assert.ok(known > 0 || phi.startsWith('percentile'), 'some entry is bounded');
  });

test('observeSum: noises add in quadrature, roundings become noise of the size that they have', () => {
  const [noise] = seen('sigma:0.1').obfuscation.evidence;
  assert.ok(Math.abs(noise!.noise - 0.1 * Math.hypot(0.25, 0.5, 0.25)) < 1e-9 && noise!.tolerance === 0);
  const { tensors, obfuscation } = seen('quantize:3');
  obfuscation.evidence.forEach((evidence, k) => {
    const { data: values } = truth.tensors[k]!;
    if (values.length < 500) return;
    const power = values.reduce((sum, value, i) => sum + (value - tensors[k]!.data[i]!) ** 2 / values.length, 0);
    const ratio = Math.sqrt(power) / evidence.noise;
    assert.ok(ratio > 0.2 && ratio < 1.3, `${ratio}`);
  });
});

test('observeSum: of signs, of unknown scales and of different projections the direction alone is left', () => {
  for (const phi of ['sign', 'powersgd:1', 'clip:0.001']) {
    const [evidence] = seen(phi).obfuscation.evidence;
    assert.deepEqual([evidence!.noise, evidence!.scaleUnknown], [Number.POSITIVE_INFINITY, true], phi);
  }
  const kept = seen('without:conv0').obfuscation.evidence.map(isSent);
  assert.deepEqual(kept.slice(0, 3), [false, false, true]);
});

test('observeSum: one client is observe(); no phi is the mean; mistakes are named', () => {
  const phi = parseObfuscation('qsgd:3');
  const [one] = updates;
  const alone = observeSum(model, [one!], { obfuscation: phi, seed: 5 });
  assert.deepEqual(alone, observe(model, one!, { obfuscation: phi, seed: 5 }));
  assert.deepEqual(seen('none').tensors, truth.tensors);
  const equal = observeSum(model, updates, { weights: [1, 1, 1], labels });
  assert.deepEqual(equal.tensors, averageUpdates(updates).tensors);
  assert.throws(() => observeSum(model, []), /observeSum: needs the updates of one client or more/);
  assert.throws(
    () => observeSum(model, updates, { labels: [1] }),
    /labels must name the class of each of the 4 images/,
  );
  assert.throws(() => observeSum(model, updates, { phi: 'sign' } as never), /observeSum: unknown option "phi"/);
});
