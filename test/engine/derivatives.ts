/** First and second derivatives of tfjs code against float64 central differences of an independent forward. */
import assert from 'node:assert/strict';
import { sizeOf } from '../../src/core/arrays.js';
import { permutation, uniformStream } from '../../src/core/random.js';
import { compile, currentSession, type Tensor, tf } from '../../src/engine/index.js';

/** A float64 array; the tests' own reference arithmetic works on these. */
export interface Array64 {
  readonly shape: readonly number[];
  readonly data: Float64Array;
}

export const array64 = (shape: readonly number[], data: Iterable<number>): Array64 => ({
  shape,
  data: Float64Array.from(data),
});

/** Distinct float32 values within [low, high], evenly spaced in a random order: no ties, no kink nearby. */
export function spaced(shape: readonly number[], seed: number, low = -1, high = 1): Array64 {
  const size = sizeOf(shape);
  const order = permutation(size, seed);
  return array64(
    shape,
    order.map((i) => Math.fround(low + ((i + 0.5) / size) * (high - low) + 1e-3)),
  );
}

const weights = (size: number, seed: number) => {
  const random = uniformStream(seed);
  return Float64Array.from({ length: size }, () => Math.fround(0.5 + random()));
};

/** Central differences of f in every entry of xs. */
function difference(f: (xs: Array64[]) => number, xs: Array64[], step: number): Float64Array[] {
  return xs.map(({ data }) =>
    data.map((value, i) => {
      data[i] = value + step;
      const up = f(xs);
      data[i] = value - step;
      const down = f(xs);
      data[i] = value;
      return (up - down) / (2 * step);
    }),
  );
}

function close(actual: ArrayLike<number>, expected: Float64Array, tolerance: number, what: string) {
  const scale = expected.reduce((max, x) => Math.max(max, Math.abs(x)), 1e-2);
  assert.equal(actual.length, expected.length, `${what}: length`);
  for (let i = 0; i < expected.length; i++)
    assert.ok(
      Math.abs(actual[i]! - expected[i]!) <= tolerance * scale,
      `${what}[${i}]: ${actual[i]} is not ${expected[i]} (scale ${scale})`,
    );
}

/**
 * Asserts that `op` and the float64 `reference` agree in value, gradient and gradient of a gradient: with
 * L = sum(c sin(op(xs))) and S = sum_i <r_i, dL/dx_i>, compares op, dL/dx and dS/dx on the session's engine (compiled
 * or eager). Also that no tensor leaks.
 */
export async function checkDerivatives(
  op: (...xs: Tensor[]) => Tensor,
  reference: (...xs: Array64[]) => Array64,
  inputs: Array64[],
  tolerance = 2e-4,
): Promise<void> {
  const value = reference(...inputs);
  const c = weights(value.data.length, 11);
  const r = inputs.map(({ data }, i) => weights(data.length, 21 + i));
  const loss64 = (xs: Array64[]) => reference(...xs).data.reduce((sum, y, i) => sum + c[i]! * Math.sin(y), 0);
  const slope64 = (xs: Array64[], step: number) =>
    // Directional derivative along r: one difference gives the whole inner product.
    (loss64(shifted(xs, step)) - loss64(shifted(xs, -step))) / (2 * step);
  const shifted = (xs: Array64[], step: number) =>
    xs.map(({ shape, data }, i) => ({ shape, data: data.map((x, j) => x + step * r[i]![j]!) }));

  const before = tf.memory().numTensors;
  const evaluate = (...xs: Tensor[]): Tensor[] => {
    const ct = tf.tensor(Float32Array.from(c), [...value.shape]);
    const loss = (...ts: Tensor[]) => tf.sum(tf.mul(ct, tf.sin(op(...ts)))) as tf.Scalar;
    const slope = (...ts: Tensor[]) =>
      tf.addN(
        tf
          .grads(loss)(ts)
          .map((g, i) => tf.sum(tf.mul(g, tf.tensor(Float32Array.from(r[i]!), g.shape)))),
      );
    return [op(...xs), ...tf.grads(loss)(xs), ...tf.grads(slope)(xs)];
  };
  const arrays = inputs.map(({ shape, data }) => ({ shape, data: Float32Array.from(data) }));
  const step = await compile(evaluate, arrays, {
    engine: currentSession()?.compiled ? 'compiled' : 'eager',
    name: 'test',
  });
  const [y, ...gradients] = await step.run(...arrays);
  step.dispose();
  assert.deepEqual(y!.shape, [...value.shape], 'shape');
  close(y!.data, value.data, tolerance / 10, 'value');
  difference(loss64, inputs, 1e-5).forEach((expected, i) => {
    close(gradients[i]!.data, expected, tolerance, `gradient in argument ${i}`);
  });
  difference((ys) => slope64(ys, 1e-4), inputs, 1e-4).forEach((expected, i) => {
    close(gradients[inputs.length + i]!.data, expected, tolerance * 3, `second gradient in argument ${i}`);
  });
  assert.equal(tf.memory().numTensors, before, 'tensors leaked');
}
