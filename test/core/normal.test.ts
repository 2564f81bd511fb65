import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import test from 'node:test';
import { normalBlocks, xoshiro128 } from '../../src/core/normal-blocks.js';

test('xoshiro128: the first numbers of the authors’ code from the state 1, 2, 3, 4', () => {
  const [state, out] = [Int32Array.of(1, 2, 3, 4), new Int32Array(5)];
  const drawn = [0, 1].flatMap(() => {
    xoshiro128(state, out);
    return Array.from(out, (word) => word >>> 0);
  });
  const published = [641, 1573767, 3222811527, 3517856514, 836907274, 4247214768, 3867114732, 1355841295];
  assert.deepEqual(drawn, [...published, 495546011, 621204420]);
});

/** Shares of a standard normal between the edges, from tables. */
const EDGES = [-3.6541528853610088, -3, -2, -1, -0.5, 0, 0.5, 1, 2, 3, 3.6541528853610088];
const SHARES = [
  ...[1.29016e-4, 1.220882e-3, 0.0214002339, 0.135905122, 0.1498822847, 0.1914624613],
  ...[0.1914624613, 0.1498822847, 0.135905122, 0.0214002339, 1.220882e-3, 1.29016e-4],
];

test('normalBlocks: bins and moments of two million numbers are those of the normal law (chi-square)', () => {
  const { next } = normalBlocks(11);
  const count = 2e6;
  const hits = SHARES.map(() => 0);
  const moments = [0, 0, 0, 0];
  for (let i = 0; i < count; i++) {
    const value = next();
    hits[EDGES.filter((edge) => value > edge).length]!++;
    for (let m = 0; m < 4; m++) moments[m]! += value ** (m + 1) / count;
  }
  const chi = hits.reduce((sum, n, k) => sum + (n - count * SHARES[k]!) ** 2 / (count * SHARES[k]!), 0);
  assert.ok(chi < 31.3, `chi-square ${chi} of 11 degrees of freedom`); // 1 in 1000
  [0, 1, 0, 3].forEach((wanted, m) => {
    const spread = Math.sqrt([1, 2, 15, 96][m]! / count);
    assert.ok(Math.abs(moments[m]! - wanted) < 4 * spread, `moment ${m + 1}: ${moments[m]}`);
  });
});

test('normalBlocks: neighbours do not depend on each other', () => {
  const { next } = normalBlocks(5);
  const values = Array.from({ length: 300_000 }, next);
  for (const lag of [1, 2, 3, 256, 4096]) {
    const product = values.slice(lag).reduce((sum, v, i) => sum + v * values[i]!, 0) / (values.length - lag);
    assert.ok(Math.abs(product) < 4 / Math.sqrt(values.length - lag), `lag ${lag}: ${product}`);
  }
});

test('normalBlocks: a million numbers have the bits of the first version, which took a logarithm at every miss', () => {
  const digest = createHash('sha256').update(Float64Array.from({ length: 1e6 }, normalBlocks(7).next));
  assert.equal(digest.digest('hex'), '140d2a7f744e75593673d8cb5a611ca4194df67f99f09cbbff8b31e860d0650a');
});

test('normalBlocks: the same bits on every machine; addTo goes on in the same stream', () => {
  const first = Array.from({ length: 4 }, normalBlocks(7).next);
  assert.deepEqual(first, PINNED);
  const [one, other] = [normalBlocks(7), normalBlocks(7)];
  const data = new Float32Array(10_000).fill(1);
  one.addTo(data.subarray(0, 3), 2);
  one.addTo(data.subarray(3), 2);
  data.forEach((value) => {
    assert.equal(value, Math.fround(1 + 2 * other.next()));
  });
  assert.equal(one.next(), other.next());
  assert.notEqual(normalBlocks(8).next(), first[0]);
});

const PINNED = [1.032859543140743, -0.8813522734876279, -0.31568054762701886, -1.1831992939724394];

test('normalBlocks: stepTo is addTo and then a step, to the bit, across blocks', () => {
  const [one, other] = [normalBlocks(3), normalBlocks(3)];
  for (const length of [5, 9000, 4096]) {
    const from = Float32Array.from({ length }, (_, i) => Math.sin(i));
    const [data, noised] = [from, from].map((list) => list.map((x) => x / 7));
    one.stepTo(data!, from, 0.3, 0.2);
    other.addTo(noised!, 0.2);
    assert.deepEqual(
      data,
      from.map((w, i) => w - 0.3 * noised![i]!),
    );
  }
});
