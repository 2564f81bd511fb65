import assert from 'node:assert/strict';
import { test } from 'node:test';
import { imageAt, stackImages } from '../../src/core/arrays.js';
import { uniformStream } from '../../src/core/random.js';
import { mse } from '../../src/metrics/index.js';
import { liveScores } from '../../src/studies/index.js';

const images = { shape: [3, 16, 16, 3], data: Float32Array.from({ length: 3 * 768 }, uniformStream(1)) };

test('liveScores: order does not matter, PSNR is that of the mse, a shifted batch is worse', () => {
  const say = liveScores({ images });
  const turned = stackImages([2, 0, 1].map((i) => imageAt(images, i)));
  assert.equal(say(turned), 'PSNR 100.0 dB, SSIM 1.00');
  const off = { ...turned, data: turned.data.map((v) => (v < 0.5 ? v + 0.1 : v - 0.1)) };
  assert.match(say(off), /^PSNR 20\.0 dB, SSIM 0\.\d\d$/);
  assert.ok(Math.abs(mse(turned, off)[0]! - 0.01) < 1e-6);
});
