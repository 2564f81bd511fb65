import assert from 'node:assert/strict';
import { test } from 'node:test';
import { uniformStream } from '../../src/core/random.js';
import { resampleMatrix } from '../../src/core/resample.js';
import { adaptiveAveragePool, resize, type Tensor, type Tensor4D, tf } from '../../src/engine/index.js';
import { forEachEngine } from '../engines.js';
import { goldens } from '../fixtures.js';
import { type Array64, checkDerivatives, spaced } from './derivatives.js';
import * as reference from './reference.js';

const conv =
  (stride: number, pad: 'same' | 'valid') =>
  (x: Tensor, w: Tensor): Tensor =>
    tf.conv2d(x as Tensor4D, w as Tensor4D, stride, pad);

/** [batch, height, width, channels, kernel height, kernel width, filters, stride, padding]: odd, even, single, 1x1. */
const convolutions = [
  [1, 5, 5, 2, 3, 3, 2, 1, 'same'],
  [2, 4, 5, 1, 3, 2, 3, 1, 'valid'],
  [1, 6, 6, 2, 3, 3, 2, 2, 'same'],
  [2, 5, 7, 2, 3, 3, 1, 2, 'same'],
  [1, 7, 6, 1, 2, 3, 2, 2, 'valid'],
  [2, 5, 4, 2, 1, 1, 3, 2, 'same'],
  [1, 4, 4, 2, 1, 1, 2, 1, 'valid'],
  [1, 8, 9, 1, 7, 7, 1, 2, 'same'],
  [1, 8, 7, 1, 3, 3, 1, 3, 'valid'],
  [1, 3, 3, 1, 5, 5, 1, 1, 'same'],
] as const;

forEachEngine((engine, setup) => {
  for (const [batch, height, width, channels, kh, kw, filters, stride, pad] of convolutions) {
    const what = `${batch}x${height}x${width}x${channels} with ${kh}x${kw}x${filters}, stride ${stride}, ${pad}`;
    test(`conv2d on ${engine}, ${what}`, async () => {
      await setup();
      const inputs = [spaced([batch, height, width, channels], 41), spaced([kh, kw, channels, filters], 42)];
      await checkDerivatives(conv(stride, pad), reference.conv2d(stride, pad), inputs);
    });
  }

  test(`conv2d on ${engine}, random shapes: value and derivatives`, async () => {
    await setup();
    const random = uniformStream(43);
    const pick = (low: number, high: number) => low + Math.floor(random() * (high - low + 1));
    for (let round = 0; round < 6; round++) {
      const [kh, kw, stride] = [pick(1, 4), pick(1, 4), pick(1, 3)];
      const [height, width, channels] = [pick(kh, 7), pick(kw, 7), pick(1, 2)];
      const pad = random() < 0.5 ? 'same' : 'valid';
      const inputs = [
        spaced([pick(1, 2), height, width, channels], round),
        spaced([kh, kw, channels, pick(1, 2)], round + 50),
      ];
      await checkDerivatives(conv(stride, pad), reference.conv2d(stride, pad), inputs);
    }
  });

  test(`conv2d on ${engine}: explicit padding, and its gradients are adjoint`, async () => {
    await setup();
    const pad = [
      [0, 0],
      [2, 1],
      [0, 3],
      [0, 0],
    ] as [[0, 0], [number, number], [number, number], [0, 0]];
    const padded = (x: Array64) =>
      reference.build([1, 8, 7, 2], ([b, i, j, c]) => {
        const [y, z] = [i! - 2, j!];
        return y >= 0 && y < 5 && z < 4 ? reference.get(x, b!, y, z, c!) : 0;
      });
    await checkDerivatives(
      (x, w) => tf.conv2d(x as Tensor4D, w as Tensor4D, 1, pad),
      (x, w) => reference.conv2d(1, 'valid')(padded(x), w),
      [spaced([1, 5, 4, 2], 44), spaced([3, 3, 2, 2], 45)],
    );
  });

  test(`conv2dTranspose on ${engine}, the input gradient as a forward op, with its derivatives`, async () => {
    await setup();
    const upsampled = (x: Array64, w: Array64) =>
      reference.build([1, 6, 6, 2], ([b, i, j, c]) => {
        let sum = 0;
        for (let y = 0; y < 3; y++)
          for (let z = 0; z < 3; z++)
            for (let o = 0; o < 3; o++) {
              const [di, dj] = [i! - 2 * y, j! - 2 * z];
              if (di >= 0 && dj >= 0 && di < 2 && dj < 2)
                sum += reference.get(x, b!, y, z, o) * reference.get(w, di, dj, c!, o);
            }
        return sum;
      });
    await checkDerivatives(
      (x, w) => tf.conv2dTranspose(x as Tensor4D, w as Tensor4D, [1, 6, 6, 2], 2, 'same'),
      upsampled,
      [spaced([1, 3, 3, 3], 46), spaced([2, 2, 2, 3], 47)],
    );
  });

  for (const [height, width, size] of [
    [4, 4, 2],
    [5, 7, 2],
    [6, 6, 3],
    [7, 8, 3],
  ] as const)
    test(`maxPool and avgPool on ${engine}, ${height}x${width} by ${size}: value and derivatives`, async () => {
      await setup();
      const x = [spaced([2, height, width, 2], 48)];
      await checkDerivatives(
        (t) => tf.maxPool(t as Tensor4D, size, size, 'valid'),
        reference.pool(size, size, (values) => Math.max(...values)),
        x,
      );
      await checkDerivatives(
        (t) => tf.avgPool(t as Tensor4D, size, size, 'valid'),
        reference.pool(size, size, reference.mean),
        x,
      );
    });

  test(`avgPool on ${engine} with overlapping windows: value and derivatives`, async () => {
    await setup();
    await checkDerivatives((t) => tf.avgPool(t as Tensor4D, 3, 2, 'valid'), reference.pool(3, 2, reference.mean), [
      spaced([1, 7, 6, 2], 49),
    ]);
  });

  test(`maxPool on ${engine} gives a tie to the first entry of the window, as PyTorch`, async () => {
    await setup();
    const gradient = tf.grad((x) => tf.sum(tf.maxPool(x as Tensor4D, 2, 2, 'valid')))(tf.ones([1, 5, 4, 1]));
    assert.deepEqual([...gradient.dataSync()], [1, 0, 1, 0, 0, 0, 0, 0, 1, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
  });

  test(`maxPool on ${engine} refuses the gradient of padded windows`, async () => {
    await setup();
    assert.throws(
      () => tf.grad((x) => tf.sum(tf.maxPool(x as Tensor4D, 2, 2, 'same')))(tf.ones([1, 5, 5, 1])),
      /maxPool: the gradient needs windows without padding, got "same"/,
    );
  });

  for (const [from, to] of [
    [6, 3],
    [4, 8],
    [5, 3],
    [7, 7],
  ] as const)
    test(`adaptiveAveragePool on ${engine}, ${from} -> ${to}, as PyTorch, with its derivatives`, async () => {
      await setup();
      const x = [spaced([2, from, from, 2], 51)];
      await checkDerivatives((t) => adaptiveAveragePool(t, to), reference.adaptiveAveragePool(to), x);
    });

  for (const method of ['bicubic', 'bilinear', 'nearest', 'area'] as const)
    test(`resize on ${engine}, ${method}: value and derivatives`, async () => {
      await setup();
      const weights = (n: number, m: number) => resampleMatrix(n, m, method);
      await checkDerivatives(
        (t) => resize(t, [6, 5], method),
        (x) =>
          reference.build([1, 6, 5, 2], ([b, i, j, c]) => {
            let sum = 0;
            for (let y = 0; y < 3; y++)
              for (let z = 0; z < 4; z++)
                sum += weights(3, 6)[i! * 3 + y]! * weights(4, 5)[j! * 4 + z]! * reference.get(x, b!, y, z, c!);
            return sum;
          }),
        [spaced([1, 3, 4, 2], 52)],
      );
    });

  for (const { from, numbers } of goldens('bicubic'))
    test(`resize on ${engine}, bicubic by 4, gives PyTorch's numbers to 1e-6, ${from}`, async () => {
      await setup();
      const { seed, input, output } = numbers;
      const random = uniformStream(seed);
      const [n, c, h, w] = input as [number, number, number, number];
      const [, , height, width] = output.shape as [number, number, number, number];
      const data = Float32Array.from({ length: n * c * h * w }, random);
      const y = tf.tidy(() => {
        const x = tf.transpose(tf.tensor(data, [n, c, h, w]), [0, 2, 3, 1]);
        return tf.transpose(resize(x, [height, width]), [0, 3, 1, 2]);
      });
      const values = Float32Array.from(y.dataSync());
      y.dispose();
      for (const [index, expected] of Object.entries(output.at as Record<string, number>))
        assert.ok(
          Math.abs(values[Number(index)]! - expected) < 1e-6,
          `[${index}] ${values[Number(index)]} is not ${expected}`,
        );
      const l2 = Math.sqrt(values.reduce((sum, v) => sum + v * v, 0));
      assert.ok(Math.abs(l2 / output.l2 - 1) < 1e-6, `l2 ${l2} is not ${output.l2}`);
    });
});
