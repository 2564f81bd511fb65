import assert from 'node:assert/strict';
import test from 'node:test';
import { normalStream } from '../../src/core/random.js';
import { confidenceInterval } from '../../src/metrics/index.js';
import { bootstrapInterval } from '../../src/sweeps/index.js';

test('bootstrapInterval: the quantiles of all resamples, where they can be listed', () => {
  const values = [1, 2, 4, 10];
  const means: number[] = [];
  for (const a of values)
    for (const b of values) for (const c of values) for (const d of values) means.push((a + b + c + d) / 4);
  means.sort((a, b) => a - b);
  for (const level of [0.5, 0.8, 0.9]) {
    const { mean, low, high, n } = bootstrapInterval(values, { level, samples: 40_000 });
    assert.deepEqual([mean, n], [4.25, 4]);
    const exact = [means[Math.round(((1 - level) / 2) * 255)]!, means[Math.round(((1 + level) / 2) * 255)]!];
    assert.ok(
      Math.abs(low - exact[0]!) <= 0.25 && Math.abs(high - exact[1]!) <= 0.25,
      `${level}: ${low} ${high}, ${exact}`,
    );
  }
});

test('bootstrapInterval: near Student’s for many normal values; covers the expectation as often as it says', () => {
  const random = normalStream(5);
  const many = Array.from({ length: 400 }, random);
  const { low, high } = bootstrapInterval(many);
  const { mean, halfWidth } = confidenceInterval(many);
  assert.ok(
    Math.abs(high - low - 2 * halfWidth) < 0.1 * halfWidth && Math.abs(high + low - 2 * mean) < 0.1 * halfWidth,
  );
  let covered = 0;
  for (let i = 0; i < 400; i++) {
    const one = bootstrapInterval(Array.from({ length: 30 }, random), { samples: 400, seed: i });
    if (one.low < 0 && one.high > 0) covered++;
  }
  assert.ok(covered > 400 * 0.89 && covered < 400 * 0.98, `${covered} of 400`);
});

test('bootstrapInterval: same seed, same bits; equal values, no width; one value, no bound; mistakes are told', () => {
  assert.deepEqual(bootstrapInterval([1, 2, 3]), bootstrapInterval([1, 2, 3]));
  assert.notDeepEqual(
    bootstrapInterval([1, 2, 3, 7], { samples: 100 }),
    bootstrapInterval([1, 2, 3, 7], { samples: 100, seed: 2 }),
  );
  assert.deepEqual(bootstrapInterval([2, 2, 2]), { mean: 2, low: 2, high: 2, n: 3 });
  assert.deepEqual(bootstrapInterval([2]), {
    mean: 2,
    low: Number.NEGATIVE_INFINITY,
    high: Number.POSITIVE_INFINITY,
    n: 1,
  });
  assert.throws(() => bootstrapInterval([]), /one or more finite numbers/);
  assert.throws(() => bootstrapInterval([1, Number.NaN]), /one or more finite numbers/);
  assert.throws(
    () => bootstrapInterval([1, 2], { level: 95 }),
    /level must be a number strictly between 0 and 1, got 95/,
  );
  assert.throws(() => bootstrapInterval([1, 2], { sample: 5 } as never), /did you mean "samples"/);
});
