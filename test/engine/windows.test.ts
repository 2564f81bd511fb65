import assert from 'node:assert/strict';
import { test } from 'node:test';
import { convolution, padImages, softmax, type Tensor, type Tensor4D, tf } from '../../src/engine/index.js';
import { forEachEngine } from '../engines.js';
import { type Array64, checkDerivatives, spaced } from './derivatives.js';
import * as reference from './reference.js';

type Pair = readonly [number, number];
type Sides = readonly [number, number, number, number];

/** Cross-correlation from its definition: floor convention, padding [top, bottom, left, right], dilation, groups. */
const conv64 =
  (strides: Pair, dilations: Pair, [top, bottom, left, right]: Sides, groups: number) =>
  (x: Array64, w: Array64): Array64 => {
    const [batch, height, width] = x.shape as [number, number, number, number];
    const [kh, kw, inputs, filters] = w.shape as [number, number, number, number];
    const out = (n: number, k: number, d: 0 | 1): number =>
      Math.floor((n - dilations[d] * (k - 1) - 1) / strides[d]) + 1;
    const shape = [batch, out(height + top + bottom, kh, 0), out(width + left + right, kw, 1), filters];
    return reference.build(shape, ([b, i, j, o]) => {
      const group = Math.floor(o! / (filters / groups));
      let sum = 0;
      for (let di = 0; di < kh; di++)
        for (let dj = 0; dj < kw; dj++) {
          const [y, z] = [i! * strides[0] + di * dilations[0] - top, j! * strides[1] + dj * dilations[1] - left];
          if (y < 0 || z < 0 || y >= height || z >= width) continue;
          for (let c = 0; c < inputs; c++)
            sum += reference.get(x, b!, y, z, group * inputs + c) * reference.get(w, di, dj, c, o!);
        }
      return sum;
    });
  };

/** [images, kernel, strides, dilations, padding, groups] */
const cases: readonly (readonly [number[], number[], Pair, Pair, Sides, number])[] = [
  [[1, 7, 6, 2], [3, 3, 2, 2], [1, 1], [2, 2], [0, 0, 0, 0], 1],
  [[2, 8, 7, 2], [3, 2, 2, 2], [2, 2], [2, 1], [1, 1, 1, 1], 1],
  [[1, 9, 9, 1], [3, 3, 1, 2], [2, 2], [2, 2], [1, 1, 1, 1], 1],
  [[1, 8, 9, 2], [2, 3, 2, 1], [3, 2], [2, 3], [2, 0, 1, 3], 1],
  [[2, 5, 6, 3], [3, 3, 1, 3], [1, 1], [1, 1], [1, 1, 1, 1], 3],
  [[1, 6, 7, 4], [3, 3, 1, 4], [2, 2], [1, 1], [1, 1, 1, 1], 4],
  [[1, 8, 8, 2], [2, 3, 1, 2], [2, 1], [1, 2], [0, 1, 2, 0], 2],
  [[1, 6, 5, 4], [3, 2, 2, 4], [1, 1], [1, 1], [1, 1, 0, 1], 2],
  [[1, 7, 7, 4], [3, 3, 2, 6], [2, 2], [1, 1], [1, 0, 1, 0], 2],
  [[1, 6, 6, 3], [2, 2, 1, 6], [2, 1], [2, 1], [1, 1, 0, 0], 3],
  [[2, 4, 4, 20], [3, 3, 1, 20], [1, 1], [1, 1], [1, 1, 1, 1], 20],
];

forEachEngine((engine, setup) => {
  for (const [image, kernel, strides, dilations, padding, groups] of cases) {
    const how = `strides ${strides}, dilations ${dilations}, padding ${padding}, ${groups} groups`;
    test(`convolution on ${engine}: [${image}] * [${kernel}], ${how}`, async () => {
      await setup();
      await checkDerivatives(
        (x, w) => convolution(x as Tensor4D, w as Tensor4D, { strides, dilations, padding, groups }),
        conv64(strides, dilations, padding, groups),
        [spaced(image, 31), spaced(kernel, 32)],
      );
    });
  }

  for (const [shape, size, stride, padding] of [
    [[2, 6, 6, 2], 3, 2, [0, 0, 0, 0]],
    [[1, 7, 8, 2], 3, 2, [1, 1, 1, 1]],
    [[1, 5, 6, 1], 2, 1, [0, 1, 1, 0]],
    [[1, 8, 7, 3], 2, 3, [0, 0, 0, 0]],
    [[1, 1, 7, 1], 1, 2, [0, 0, 0, 0]],
  ] as const)
    test(`maxPool on ${engine}: [${shape}], size ${size}, stride ${stride}, padding ${padding}`, async () => {
      await setup();
      const lowest = -3.4028234663852886e38;
      const padded = (x: Array64): Array64 =>
        reference.build(
          [shape[0], shape[1] + padding[0] + padding[1], shape[2] + padding[2] + padding[3], shape[3]],
          ([b, i, j, c]) => {
            const [y, z] = [i! - padding[0], j! - padding[2]];
            const inside = y >= 0 && z >= 0 && y < shape[1] && z < shape[2];
            return inside ? reference.get(x, b!, y, z, c!) : Number.NEGATIVE_INFINITY;
          },
        );
      await checkDerivatives(
        (t) => tf.maxPool(padImages(t as Tensor4D, padding, lowest), size, stride, 'valid'),
        (x) => reference.pool(size, stride, (values) => Math.max(...values))(padded(x)),
        [spaced(shape, 33, -2, 1)],
      );
    });

  test(`maxPool on ${engine}, windows that overlap: a tie goes to the first entry, as in PyTorch`, async () => {
    await setup();
    const gradient = tf.grad((x) => tf.sum(tf.maxPool(x as Tensor4D, 3, 2, 'valid')))(tf.ones([1, 5, 5, 1]));
    assert.deepEqual(
      [...gradient.dataSync()],
      [1, 0, 1, 0, 0, 0, 0, 0, 0, 0, 1, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0],
    );
  });

  test(`softmax on ${engine}: value and derivatives, large logits`, async () => {
    await setup();
    const reference64 = (x: Array64): Array64 => {
      const log = reference.logSoftmax(x);
      return { shape: log.shape, data: log.data.map(Math.exp) };
    };
    await checkDerivatives(softmax, reference64, [spaced([3, 5], 34, -3, 3)]);
    const large = tf.tidy(() => softmax(tf.tensor2d([[1000, 999, -1000]])).dataSync()[0]!);
    assert.ok(Math.abs(large - 1 / (1 + Math.exp(-1))) < 1e-6);
  });

  for (const [name, transposeA, transposeB] of [
    ['a b', false, false],
    ['a b^T', false, true],
    ['a^T b', true, false],
    ['a^T b^T', true, true],
  ] as const)
    test(`matMul on ${engine} in batches, ${name}: value and derivatives`, async () => {
      await setup();
      const [m, k, n] = [2, 3, 4];
      const at = (x: Array64, turned: boolean, b: number, i: number, j: number): number =>
        turned ? reference.get(x, b, j, i) : reference.get(x, b, i, j);
      await checkDerivatives(
        (a, b) => tf.matMul(a, b, transposeA, transposeB),
        (a, b) =>
          reference.build([2, m, n], ([batch, i, j]) => {
            let sum = 0;
            for (let l = 0; l < k; l++) sum += at(a, transposeA, batch!, i!, l) * at(b, transposeB, batch!, l, j!);
            return sum;
          }),
        [spaced(transposeA ? [2, k, m] : [2, m, k], 35), spaced(transposeB ? [2, n, k] : [2, k, n], 36)],
      );
    });

  const unary: Record<string, [(x: Tensor) => Tensor, (x: number) => number]> = {
    erf: [tf.erf, reference.erf],
    relu6: [(x) => tf.relu6(tf.mul(x, 4)), (x) => Math.min(6, Math.max(0, 4 * x))],
    elu: [tf.elu, (x) => (x > 0 ? x : Math.expm1(x))],
  };
  for (const [name, [op, f]] of Object.entries(unary))
    test(`${name} on ${engine}: value and derivatives`, async () => {
      await setup();
      await checkDerivatives(op, reference.map(f), [spaced([4, 5], 37, -2, 2)]);
    });
});
