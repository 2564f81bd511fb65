import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  constant,
  gradients,
  start,
  tf,
  toArray,
  toArraySync,
  toTensor,
  valueAndGradient,
  valueAndGradients,
} from '../../src/engine/index.js';

test('valueAndGradient: value and gradient in the first argument, nested', async () => {
  await start();
  const before = tf.memory().numTensors;
  const [x, a] = [tf.tensor1d([1, 2]), tf.tensor1d([3, 4])];
  const cube = (t: tf.Tensor, s: tf.Tensor) => tf.sum(tf.mul(s, tf.pow(t, 3)));
  const [value, slope] = valueAndGradient(cube)(x, a);
  assert.deepEqual([value.dataSync()[0], ...slope.dataSync()], [35, 9, 48]);
  // sum of squared gradients (3 a x^2)^2: its gradient is 36 a^2 x^3.
  const [outer, second] = valueAndGradient((t) => tf.sum(tf.square(gradients((u) => cube(u, a))(t)[0]!)))(x);
  assert.deepEqual([outer.dataSync()[0], ...second.dataSync()], [81 + 2304, 324, 4608]);
  tf.dispose([x, a, value, slope, outer, second]);
  assert.equal(tf.memory().numTensors, before);
});

test('gradients: one per argument', async () => {
  await start();
  const [x, y] = [tf.scalar(2), tf.scalar(5)];
  const [value, [dx, dy]] = valueAndGradients((a, b) => tf.mul(tf.square(a), b))(x, y);
  assert.deepEqual(
    [value, dx!, dy!].map((t) => t.dataSync()[0]),
    [20, 20, 4],
  );
});

test('constant: the value passes, the gradient does not', async () => {
  await start();
  const before = tf.memory().numTensors;
  const x = tf.scalar(3);
  const slope = tf.grad(
    (t) =>
      tf.mul(
        t,
        constant(() => tf.square(t)),
      ) as tf.Scalar,
  )(x);
  assert.equal(slope.dataSync()[0], 9);
  tf.dispose([x, slope]);
  assert.equal(tf.memory().numTensors, before);
});

test('toTensor and toArray keep shape and values and copy them', async () => {
  await start();
  const array = { shape: [2, 2], data: Float32Array.of(1, -2, 3.5, Number.NaN) };
  const tensor = toTensor(array);
  assert.deepEqual(toArraySync(tensor), array);
  const copy = await toArray(tensor);
  copy.data[0] = 9;
  assert.deepEqual(toArraySync(tensor), array);
  tensor.dispose();
});

test('tf.losses.softmaxCrossEntropy is refused, as its second derivative is wrong', () => {
  assert.throws(() => tf.losses.softmaxCrossEntropy(), /has a wrong second derivative; use crossEntropy\(\)/);
});
