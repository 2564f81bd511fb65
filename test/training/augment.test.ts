import assert from 'node:assert/strict';
import test from 'node:test';
import { ndarray } from '../../src/core/arrays.js';
import { eigen } from '../../src/core/linear-algebra.js';
import { normalStream, uniformStream } from '../../src/core/random.js';
import { augment, whiteningKernel } from '../../src/training/index.js';

const images = ndarray([40, 8, 6, 3], uniformStream(1));

test('augment without shift and flip returns the same pixels', () => {
  assert.deepEqual(augment(images, 5, { shift: 0, flip: false }), images);
});

test('augment: the same seed gives the same bits, another one others; the input stays as it is', () => {
  const before = images.data.slice();
  assert.deepEqual(augment(images, 5), augment(images, 5));
  assert.notDeepEqual(augment(images, 5), augment(images, 6));
  assert.deepEqual(images.data, before);
});

test('augment({ flip }) mirrors about half of the images, exactly', () => {
  const { data } = augment(images, 2, { shift: 0 });
  const at = (values: Float32Array, i: number, row: number, column: number) => values[((i * 8 + row) * 6 + column) * 3];
  let mirrored = 0;
  for (let i = 0; i < 40; i++) {
    const flipped = at(data, i, 0, 0) === at(images.data, i, 0, 5);
    if (flipped) mirrored++;
    for (let row = 0; row < 8; row++)
      for (let column = 0; column < 6; column++)
        assert.equal(at(data, i, row, column), at(images.data, i, row, flipped ? 5 - column : column));
  }
  assert.ok(mirrored > 10 && mirrored < 30);
});

test('augment({ shift: 2 }) moves a ramp by whole pixels, every way, and mirrors it at the edges', () => {
  const ramp = ndarray(
    [200, 8, 8, 1],
    Float32Array.from({ length: 200 * 64 }, (_, i) => i % 8),
  );
  const { data } = augment(ramp, 3, { shift: 2, flip: false });
  const rows = Array.from({ length: 200 }, (_, i) => [...data.subarray(i * 64, i * 64 + 8)].join(''));
  const allowed = ['21012345', '10123456', '01234567', '12345676', '23456765'];
  assert.deepEqual([...new Set(rows)].sort(), allowed.sort());
});

test('augment({ cutout: 4 }) grays at most 16 pixels of an image', () => {
  const { data } = augment(images, 4, { shift: 0, flip: false, cutout: 4 });
  for (let i = 0; i < 40; i++) {
    const changed = [...Array(48).keys()].filter((p) => data[(i * 48 + p) * 3] !== images.data[(i * 48 + p) * 3]);
    assert.ok(changed.length > 0 && changed.length <= 16);
    for (const p of changed) assert.equal(data[(i * 48 + p) * 3 + 1], 0.5);
  }
});

test('eigen: A v = lambda v with orthonormal vectors', () => {
  const random = normalStream(8);
  const half = Array.from({ length: 12 }, () => Float64Array.from({ length: 12 }, random));
  const a = half.map((line, i) => line.map((x, j) => x + half[j]![i]!));
  const { values, vectors } = eigen(a);
  for (let k = 0; k < 12; k++)
    for (let i = 0; i < 12; i++) {
      const product = a[i]!.reduce((sum, x, j) => sum + x * vectors[j]![k]!, 0);
      assert.ok(Math.abs(product - values[k]! * vectors[i]![k]!) < 1e-10);
      const dot = vectors.reduce((sum, line) => sum + line[k]! * line[i]!, 0);
      assert.ok(Math.abs(dot - +(i === k)) < 1e-12);
    }
});

test('whiteningKernel: responses to the patches it was made from are uncorrelated and of variance about 1', () => {
  const random = normalStream(4);
  const smooth = ndarray([60, 12, 12, 3]);
  for (let i = 0; i < smooth.data.length; i++)
    smooth.data[i] = 0.5 + 0.3 * random() + (i % 36 > 2 ? 0.7 * (smooth.data[i - 3]! - 0.5) : 0);
  const kernel = whiteningKernel(smooth, 8);
  const responses: number[][] = [];
  for (let i = 0; i < 60; i++)
    for (let row = 0; row + 3 <= 12; row += 2)
      for (let column = 0; column + 3 <= 12; column += 2) {
        const sums = new Array<number>(8).fill(0);
        for (let y = 0; y < 3; y++)
          for (let x = 0; x < 3; x++)
            for (let c = 0; c < 3; c++)
              for (let f = 0; f < 8; f++)
                sums[f]! +=
                  smooth.data[((i * 12 + row + y) * 12 + column + x) * 3 + c]! *
                  kernel.data[((y * 3 + x) * 3 + c) * 8 + f]!;
        responses.push(sums);
      }
  const mean = (f: (r: number[]) => number): number => responses.reduce((s, r) => s + f(r), 0) / responses.length;
  const means = [...Array(8).keys()].map((f) => mean((r) => r[f]!));
  for (let f = 0; f < 4; f++)
    for (let g = 0; g < 4; g++) {
      const covariance = mean((r) => (r[f]! - means[f]!) * (r[g]! - means[g]!));
      assert.ok(Math.abs(covariance - +(f === g)) < 0.02, `${f} ${g}: ${covariance}`);
    }
  assert.ok(means[0]! + means[4]! < 1e-4);
  assert.throws(() => whiteningKernel(smooth, 7), /filters must be even and at most 54, got 7/);
});
