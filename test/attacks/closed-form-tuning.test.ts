/** What goes with a comparison of the closed form, and the search it describes: its stages, weights and start. */
import assert from 'node:assert/strict';
import test from 'node:test';
import { readHead } from '../../src/attacks/closed-form/head.js';
import type { Comparison } from '../../src/attacks/closed-form/invert.js';
import { searchFor, tuningFor } from '../../src/attacks/closed-form/tuning.js';
import { ndarray } from '../../src/core/arrays.js';
import { uniformStream } from '../../src/core/random.js';
import { clientUpdate, observe } from '../../src/federation/index.js';
import { network } from '../../src/models/index.js';
import { parseObfuscation } from '../../src/obfuscation/index.js';
import { near } from '../near.js';

const layers = [{ kind: 'conv', filters: 3, size: 3 }, { kind: 'relu' }, { kind: 'dense', units: 4 }] as const;
const model = network({ name: 'm', imageShape: [32, 32, 3], classes: 4, layers });
const images = ndarray([4, 32, 32, 3], uniformStream(1));
const labels = Int32Array.of(0, 1, 2, 3);
const update = await clientUpdate(model, { images, labels });
const seen = (phi: string) => observe(model, update, { obfuscation: parseObfuscation(phi), labels });
const tuned = (phi: string, wanted?: Comparison, mixed = false, localSteps = 1) => {
  const observation = seen(phi);
  const head = readHead(observation);
  return tuningFor(head, { ...observation.client, localSteps }, model.imageShape, wanted, mixed);
};
const evaluate = async () => ({ objective: 0, gradient: images });
const searched = (tuning: ReturnType<typeof tuned>, iterations: number, seed = 1) =>
  searchFor(seen('none'), tuning, { iterations, seed, evaluate });

test('the comparison follows phi, its weight the number of images: 32x32, four images', () => {
  const expected = {
    none: ['features', 0.2 * Math.SQRT2, true],
    'quantize:3': ['interval', 0.015, undefined],
    'noise:-10': ['relativeL2', 0.018, undefined],
  } as const;
  for (const [phi, [objective, weight, signed]] of Object.entries(expected)) {
    const tuning = tuned(phi);
    assert.deepEqual([tuning.objective, tuning.signed], [objective, signed]);
    near(tuning.weight, weight, 1e-12);
  }
  near(tuned('none', undefined, false, 5).weight, 1.4 * 0.2 * Math.SQRT2, 1e-12);
  assert.equal(tuned('none', undefined, true).objective, 'relativeL2');
  assert.equal(tuned('none', 'interval').objective, 'interval');
});

test('every schedule spends all closures, coarse to fine, with steps that shrink', () => {
  const cases = ['none', 'quantize:3', 'topk:0.95', 'sign', 'noise:-10'].flatMap((phi) => [
    tuned(phi),
    tuned(phi, undefined, true),
  ]);
  for (const tuning of cases) {
    near(
      tuning.schedule.reduce((sum, { share }) => sum + share, 0),
      1,
      1e-12,
    );
    const { stages, size, box, signed } = searched(tuning, 100);
    assert.equal(
      stages.reduce((sum, { closures }) => sum + closures, 0),
      100,
    );
    assert.deepEqual([size, box, signed ?? false], [[32, 32], [0, 1], tuning.signed ?? false]);
    assert.deepEqual(stages.at(-1)!.size, [32, 32]);
    for (const [k, { size, rate }] of stages.entries()) {
      assert.ok(rate[0] > rate[1], 'a step size falls');
      if (k > 0) assert.ok(size[0] >= stages[k - 1]!.size[0], 'latents grow');
    }
  }
});

test('stages of an interval inversion by number; signs find errors anew twice, mixed images by soft masks', () => {
  const { stages } = searched(tuned('quantize:3'), 200);
  assert.deepEqual(
    stages.map(({ size, closures, rate }) => [size[0], closures, ...rate]),
    [
      [8, 40, 0.1, 0.01],
      [16, 40, 0.05, 0.005],
      [32, 60, 0.03, 0.003],
      [32, 60, 0.03, 0.003],
    ],
  );
  const refreshed = (phi: string) => tuned(phi).schedule.flatMap(({ refresh }, k) => (refresh ? [k] : []));
  assert.deepEqual([refreshed('none'), refreshed('quantize:3'), refreshed('sign')], [[], [2], [2, 3]]);
  const soft = tuned('quantize:3', undefined, true).schedule.map(({ softness }) => softness ?? 0);
  assert.deepEqual(soft, [0.2, 0.2, 0.2, 0, 0]);
});

test('the start is even noise about gray; of mixed images patches that differ more; by a seed', () => {
  const spread = (tuning: ReturnType<typeof tuned>, seed: number) => {
    const { shape, data } = searched(tuning, 100, seed).start;
    return { shape, low: Math.min(...data), high: Math.max(...data), data: [...data] };
  };
  const plain = spread(tuned('quantize:3'), 1);
  assert.deepEqual(plain.shape, [4, 8, 8, 3]);
  assert.ok(plain.low >= 0.45 && plain.low < 0.46 && plain.high <= 0.55 && plain.high > 0.54);
  assert.notDeepEqual(spread(tuned('quantize:3'), 2).data, plain.data);
  assert.deepEqual(spread(tuned('quantize:3'), 1).data, plain.data);
  const mixed = spread(tuned('quantize:3', undefined, true), 1);
  assert.ok(mixed.high - mixed.low > 0.3, `${mixed.high - mixed.low}`);
});
