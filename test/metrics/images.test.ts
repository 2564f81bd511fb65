import assert from 'node:assert/strict';
import test from 'node:test';
import { imageAt, ndarray } from '../../src/core/arrays.js';
import type { NdArray } from '../../src/core/types.js';
import { globalSsim, imageMetrics, mse, psnr, ssim } from '../../src/metrics/index.js';
import { goldens } from '../fixtures.js';
import { blend, channelsLast, noiseImages } from './images.js';

const near = (actual: readonly number[], expected: readonly number[], tolerance: number) => {
  assert.equal(actual.length, expected.length);
  actual.forEach((value, i) => {
    assert.ok(Math.abs(value - expected[i]!) <= tolerance, `image ${i}: ${value}, not ${expected[i]}`);
  });
};

for (const { from, numbers } of goldens('metrics')) {
  const stream = (k: number) => noiseImages(numbers.seed + k, [2, 3, 64, 64]);
  const a = stream(1);
  const b = blend(a, stream(2), (x, y) => 0.7 * x + 0.3 * y);
  const pair = [channelsLast(a), channelsLast(b)] as const;
  test(`mse to 1e-8, ${from}`, () => near(mse(...pair), numbers.mse, 1e-8));
  test(`psnr to 1e-5, ${from}`, () => near(psnr(...pair), numbers.psnr, 1e-5));
  test(`ssim to 1e-5, ${from}`, () => near(ssim(...pair), numbers.ssim.values, 1e-5));
}

/** SSIM by the definition: every window a double sum. */
function directSsim(a: NdArray, b: NdArray, size: number): number {
  const [, h, w, c] = a.shape as [number, number, number, number];
  const weight = (i: number, j: number) => Math.exp(-((i - (size - 1) / 2) ** 2 + (j - (size - 1) / 2) ** 2) / 4.5);
  const total = [];
  for (let channel = 0; channel < c; channel++)
    for (let top = 0; top + size <= h; top++)
      for (let left = 0; left + size <= w; left++) {
        let [sum, x, y, xx, yy, xy] = [0, 0, 0, 0, 0, 0];
        for (let i = 0; i < size; i++)
          for (let j = 0; j < size; j++) {
            const at = ((top + i) * w + left + j) * c + channel;
            const [p, q, g] = [a.data[at]!, b.data[at]!, weight(i, j)];
            sum += g;
            x += g * p;
            y += g * q;
            xx += g * p * p;
            yy += g * q * q;
            xy += g * p * q;
          }
        [x, y, xx, yy, xy] = [x / sum, y / sum, xx / sum, yy / sum, xy / sum] as [
          number,
          number,
          number,
          number,
          number,
        ];
        const [c1, c2] = [1e-4, 9e-4];
        total.push(
          ((2 * x * y + c1) * (2 * (xy - x * y) + c2)) / ((x * x + y * y + c1) * (xx - x * x + yy - y * y + c2)),
        );
      }
  return total.reduce((s, v) => s + v, 0) / total.length;
}

for (const [shape, size] of [
  [[1, 13, 17, 2], 11],
  [[1, 11, 11, 3], 11],
  [[1, 8, 20, 1], 7],
  [[1, 5, 5, 3], 5],
  [[1, 1, 4, 1], 1],
] as const)
  test(`ssim of images [${shape}] is the definition's, with a window of ${size}`, () => {
    const a = noiseImages(3, shape);
    const b = blend(a, noiseImages(4, shape), (x, y) => 0.6 * x + 0.4 * y);
    near(ssim(a, b), [directSsim(a, b, size)], 1e-12);
  });

test('every metric of identical images is perfect, black and constant ones too', () => {
  for (const images of [noiseImages(1, [2, 16, 16, 3]), ndarray([2, 16, 16, 3], 0), ndarray([2, 12, 12, 1], 0.5)]) {
    assert.deepEqual(mse(images, images), [0, 0]);
    assert.deepEqual(psnr(images, images), [100, 100]);
    near(ssim(images, images), [1, 1], 1e-12);
    near(globalSsim(images, images), [1, 1], 1e-12);
  }
});

test('constants: 10 log10 of 16, and the luminance term alone', () => {
  const [a, b] = [ndarray([1, 16, 16, 3], 0.25), ndarray([1, 16, 16, 3], 0.5)];
  const luminance = (x: number, y: number) => (2 * x * y + 1e-4) / (x * x + y * y + 1e-4);
  near(psnr(a, b), [10 * Math.log10(16)], 1e-9);
  near(ssim(a, b), [luminance(0.25, 0.5)], 1e-9);
  // Gray pictures have the same chroma, so only the luma differs.
  near(globalSsim(a, b), [0.8 * luminance(0.25, 0.5) + 0.2], 1e-9);
});

test('globalSsim is one window over Y, Cr, Cb with weights 0.8, 0.1, 0.1, by the product of its three terms', () => {
  const a = noiseImages(5, [1, 9, 7, 3]);
  const b = blend(a, noiseImages(6, a.shape), (x, y) => 0.5 * x + 0.5 * y);
  const channelsOf = ({ data }: NdArray) => {
    const rows = Array.from({ length: data.length / 3 }, (_, i) => [data[3 * i]!, data[3 * i + 1]!, data[3 * i + 2]!]);
    const y = rows.map(([r, g, blue]) => 0.299 * r! + 0.587 * g! + 0.114 * blue!);
    return [
      y,
      rows.map((p, i) => (p[0]! - y[i]!) * 0.713 + 128 / 255),
      rows.map((p, i) => (p[2]! - y[i]!) * 0.564 + 128 / 255),
    ];
  };
  const average = (v: readonly number[]) => v.reduce((s, x) => s + x, 0) / v.length;
  const terms = (x: number[], y: number[]) => {
    const [mx, my] = [average(x), average(y)];
    const sx = Math.sqrt(average(x.map((v) => (v - mx) ** 2)));
    const sy = Math.sqrt(average(y.map((v) => (v - my) ** 2)));
    const cov = average(x.map((v, i) => (v - mx) * (y[i]! - my)));
    return (
      ((2 * mx * my + 1e-4) / (mx ** 2 + my ** 2 + 1e-4)) *
      ((2 * sx * sy + 9e-4) / (sx ** 2 + sy ** 2 + 9e-4)) *
      ((cov + 4.5e-4) / (sx * sy + 4.5e-4))
    );
  };
  const [p, q] = [channelsOf(a), channelsOf(b)];
  near(globalSsim(a, b), [0.8 * terms(p[0]!, q[0]!) + 0.1 * terms(p[1]!, q[1]!) + 0.1 * terms(p[2]!, q[2]!)], 1e-9);
});

for (const [name, metric] of Object.entries(imageMetrics)) {
  test(`${name}: values outside [0, 1] count as the nearest end; inputs untouched`, () => {
    const a = noiseImages(1, [2, 16, 16, 3]);
    const wild = blend(a, noiseImages(2, a.shape), (x, y) => 3 * y - 1 + 0 * x);
    const tame = { ...wild, data: wild.data.map((v) => Math.min(1, Math.max(0, v))) };
    const before = wild.data.slice();
    assert.deepEqual(metric(a, wild), metric(a, tame));
    assert.deepEqual(wild.data, before);
  });

  test(`${name}: an image's score does not depend on its batch, and is symmetric`, () => {
    const [a, b] = [noiseImages(1, [3, 12, 14, 3]), noiseImages(2, [3, 12, 14, 3])];
    assert.equal(metric(a, b)[1], metric(imageAt(a, 1), imageAt(b, 1))[0]);
    near(metric(b, a), metric(a, b), 1e-12);
  });

  test(`${name}: shapes that differ and NaN are refused`, () => {
    const a = noiseImages(1, [2, 8, 8, 3]);
    assert.throws(
      () => metric(a, noiseImages(1, [2, 8, 4, 3])),
      new RegExp(`${name}: the reconstruction must have the shape`),
    );
    assert.throws(() => metric(a, noiseImages(1, [1, 8, 8, 3])), /there must be 2 reconstructions, got 1/);
    assert.throws(() => metric(noiseImages(1, [8, 8, 3]), noiseImages(1, [8, 8, 3])), /images must be \[batch, height/);
    assert.throws(() => metric(a, ndarray([2, 8, 8, 3], Number.NaN)), /pixels must be numbers; image 0 has NaN/);
  });
}
