import type { NdArray } from '../../src/core/types.js';
import { compile, type Tensor, tf } from '../../src/engine/index.js';
import type { Iterated } from '../../src/federation/index.js';

/** delta of a sweep's parts, and the derivatives of sum(delta * weighting) in the parts. */
export async function pulledBack(steps: Iterated, parts: readonly NdArray[], weighting: readonly NdArray[]) {
  const weighted =
    (by: readonly Tensor[]) =>
    (...parts: Tensor[]): tf.Scalar =>
      tf.addN(steps.delta(parts).map((d, k) => tf.sum(tf.mul(d, by[k]!)))) as tf.Scalar;
  const step = await compile(
    (...all: Tensor[]) => {
      const own = all.slice(0, parts.length);
      return [...steps.delta(own), ...tf.valueAndGrads(weighted(all.slice(parts.length)))(own).grads];
    },
    [...parts, ...weighting],
  );
  const all = await step.run(...parts, ...weighting);
  step.dispose();
  return { delta: all.slice(0, weighting.length), adjoint: all.slice(weighting.length) };
}
