import assert from 'node:assert/strict';
import { test } from 'node:test';
import { rog } from '../../src/attacks/index.js';
import { checkClient } from '../../src/audit/index.js';
import { EXACT, halfWidth } from '../../src/core/evidence.js';
import { BFLOAT16, type FloatFormat, nearestIn } from '../../src/core/float-format.js';
import { uniformStream } from '../../src/core/random.js';
import type { Model } from '../../src/core/types.js';
import { averageUpdates, clientUpdate, observe, updateFrom } from '../../src/federation/index.js';
import { psnr } from '../../src/metrics/index.js';
import { uniformQuantizer } from '../../src/obfuscation/index.js';
import { smallData, smallModel } from './small.js';

const data = await smallData();
const batch = data.batch({ size: 4, seed: 3, labels: 'distinct', split: 'test' });
const wrong = data.batch({ size: 4, seed: 4, labels: 'distinct', split: 'test' });
const stored = (model: Model, format: FloatFormat): Model => ({
  ...model,
  parameters: model.parameters.map((w) => ({ ...w, data: nearestIn(w.data, format) })),
});
const before = stored(smallModel, BFLOAT16);

/** A client whose weights are kept in bfloat16. */
async function inShort(learningRate: number) {
  const update = await clientUpdate(before, batch, { learningRate });
  const moved = before.parameters.map((w, k) => ({
    ...w,
    data: w.data.map((value, i) => value - learningRate * update.tensors[k]!.data[i]!),
  }));
  const after = stored({ ...before, parameters: moved }, BFLOAT16);
  return { update, after, read: updateFrom(before, after, { learningRate, batchSize: 4 }) };
}

test('what 16-bit weights round away is told: true entries lie in the bounds and keep their signs', async () => {
  const { update, read } = await inShort(0.001);
  let zeros = 0;
  update.tensors.forEach(({ data }, k) => {
    const seen = read.tensors[k]!.data;
    data.forEach((value, i) => {
      const bound = halfWidth(read.evidence![k]!, seen[i]!, i);
      assert.ok(Math.abs(value - seen[i]!) <= bound * 1.001 + 1e-9, `${update.tensors[k]!.name} ${i}`);
      if (seen[i] !== 0) assert.ok(value * seen[i]! > 0);
      else zeros += Number(value !== 0);
    });
  });
  assert.ok(zeros > 100, 'the small ones are lost');
});

test('where rounding is little beside the update it counts as exact: large steps, float32', async () => {
  assert.equal((await inShort(10)).read.evidence, undefined);
  const update = await clientUpdate(smallModel, batch, { learningRate: 0.1 });
  const parameters = smallModel.parameters.map((w, k) => ({
    ...w,
    data: w.data.map((value, i) => value - 0.1 * update.tensors[k]!.data[i]!),
  }));
  assert.equal(updateFrom(smallModel, { parameters }, { learningRate: 0.1, batchSize: 4 }).evidence, undefined);
});

test('phi comes after the storing, and a mean of clients keeps both', async () => {
  const { read } = await inShort(0.001);
  const alone = observe(before, read).obfuscation.evidence[0]!;
  const phi = uniformQuantizer({ bits: 4 });
  const both = observe(before, read, { obfuscation: phi }).obfuscation.evidence[0]!;
  const phiAlone = observe(before, { ...read, evidence: undefined }, { obfuscation: phi }).obfuscation.evidence[0]!;
  assert.ok(Math.abs(both.tolerance - alone.tolerance - phiAlone.tolerance) < 1e-6 * both.tolerance);
  const mean = averageUpdates([read, { ...read, evidence: undefined }]);
  const widest = Math.max(...mean.evidence![0]!.each!.tolerance);
  assert.ok(Math.abs(widest - alone.tolerance / 2) < 1e-6 * widest);
  assert.equal(averageUpdates([read, read].map((one) => ({ ...one, evidence: undefined }))).evidence, undefined);
});

test('an attack that is told of the rounding is nearer than one that takes what is left for the update', async () => {
  const { read } = await inShort(0.003);
  const nearness = async (update: typeof read): Promise<number> => {
    const { images } = await rog(observe(before, update, { labels: batch.labels }));
    return psnr(batch.images, images).reduce((sum, value) => sum + value / 4, 0);
  };
  const [told, untold] = [await nearness(read), await nearness({ ...read, evidence: read.tensors.map(() => EXACT) })];
  assert.ok(told > untold + 2, `${told.toFixed(1)} dB told, ${untold.toFixed(1)} dB untold`);
});

test('checkClient compares 16-bit weights as they are stored, and still knows other images', async () => {
  for (const learningRate of [0.1, 0.01]) {
    const { after } = await inShort(learningRate);
    const found = await checkClient(before, { after, batch, settings: { learningRate } });
    assert.ok(found.agrees, found.sentence);
  }
  const { after } = await inShort(0.01);
  const other = await checkClient(before, { after, batch: wrong, settings: { learningRate: 0.01 } });
  assert.equal(other.agrees, false);
});

test('checkClient: a client as far off as 16-bit arithmetic is told so, one of other images is not', async () => {
  const settings = { learningRate: 0.1 };
  const { tensors } = await clientUpdate(before, batch, settings);
  const noise = uniformStream(5);
  const parameters = before.parameters.map((w, k) => ({
    ...w,
    data: w.data.map((value, i) => value - 0.1 * tensors[k]!.data[i]! * (1 + 0.1 * (noise() - 0.5))),
  }));
  const found = await checkClient(before, { after: { parameters }, batch, settings });
  assert.match(found.sentence, /computes in 16 bits .*record a round of it in float32$/);
  const other = await checkClient(before, { after: { parameters }, batch: wrong, settings });
  assert.doesNotMatch(other.sentence, /16 bits/);
});
