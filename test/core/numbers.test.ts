import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { sha256 } from '../../src/core/hash.js';
import { dot, halfCosine, mean, median, softmax, sum } from '../../src/core/numbers.js';
import { duration, roughly, size } from '../../src/core/units.js';

test('sum, mean, median, dot: by hand, and of nothing', () => {
  assert.deepEqual([sum([1, 2, 4.5]), sum([]), mean([1, 2, 6]), mean([])], [7.5, 0, 3, Number.NaN]);
  assert.deepEqual([median([5, 1, 3]), median([4, 1, 3, 2]), median([7])], [3, 2.5, 7]);
  assert.equal(dot([1, 2, 3], Float32Array.of(4, 5, 6)), 32);
  const values = [5, 1, 3];
  median(values);
  assert.deepEqual(values, [5, 1, 3]);
});

test('softmax sums to 1, keeps ratios of exp, and survives large numbers', () => {
  const p = softmax(Float64Array.of(1000, 1001, 999));
  assert.ok(Math.abs(sum(p) - 1) < 1e-15 && Math.abs(p[1]! / p[0]! - Math.E) < 1e-12);
});

test('halfCosine: 1, a half, 0', () => {
  assert.deepEqual(
    [0, 0.5, 1].map((part) => Number(halfCosine(part).toFixed(12))),
    [1, 0.5, 0],
  );
});

test('durations and sizes in words', () => {
  assert.deepEqual([0.04, 9.94, 42.4, 59.7, 544.2].map(duration), ['0.0 s', '9.9 s', '42 s', '1 min 0 s', '9 min 4 s']);
  assert.deepEqual([0.307, 62, 120, 5990, 20_000].map(roughly), ['0.31 s', '62 s', '2 min', '100 min', '5.6 h']);
  assert.deepEqual([0, 1, 12.2e6, 1e9, 1.25e10].map(size), ['0 MB', '1 MB', '13 MB', '1.0 GB', '12.5 GB']);
});

test('sha256 of parts is that of their bytes together', () => {
  const whole = createHash('sha256')
    .update('a')
    .update(Buffer.from(Float32Array.of(1.5).buffer))
    .digest('hex');
  assert.equal(sha256('a', Float32Array.of(1.5)), whole);
  assert.equal(sha256(''), 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855');
});
