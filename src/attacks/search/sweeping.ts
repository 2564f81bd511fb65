import { ndarray } from '../../core/arrays.js';
import type { NdArray } from '../../core/types.js';
import { compile, type Tensor, tf } from '../../engine/index.js';
import { iterated } from '../../federation/index.js';
import type { Closure, Comparison } from './closure-type.js';

/**
 * The closure for many local steps: a sweep forward through one compiled local step gives the simulated update, one
 * more compiled step compares it with the observed one, and a sweep back carries the derivative to the pictures. Time
 * and memory are those of iterated(): linear in the number of steps, with a free event loop between them.
 */
export async function sweepingClosure(comparison: Comparison): Promise<Closure> {
  const { observation, client, joint, targets, numbers, total, usesParameters, name } = comparison;
  const { model, tensors } = observation;
  const steps = await iterated(model, client);
  const count = steps.parts.length;
  const compare = (x: Tensor, ...all: Tensor[]): Tensor[] => {
    const [simulated, [numbers, ...rest]] = [all.slice(0, count), all.slice(count) as [Tensor, ...Tensor[]]];
    const [observed, parameters] = [rest.slice(0, tensors.length), rest.slice(tensors.length)];
    const objective = (images: Tensor, ...parts: Tensor[]): tf.Scalar =>
      // an objective may ignore tensors, and a prior pictures of one pixel: their derivative is 0, not missing
      tf.addN([
        total({ delta: steps.delta(parts), observed, images, numbers, parameters }),
        ...[images, ...parts].map((input) => tf.mul(0, tf.sum(input))),
      ]) as tf.Scalar;
    const { value, grads } = tf.valueAndGrads(objective)([x, ...simulated]);
    return [value, ...grads];
  };
  const blank = ndarray([client.batchSize, ...model.imageShape]);
  const constants = usesParameters ? model.parameters : [];
  const step = await compile(compare, [blank, ...steps.parts], { fixed: [numbers, ...tensors], constants, name }).catch(
    (error) => {
      steps.dispose();
      throw error;
    },
  );
  return {
    engine: step.engine,
    cost: (images) => steps.cost(images, targets),
    dispose: () => {
      steps.dispose();
      step.dispose();
    },
    evaluate: async (images, logits) => {
      const y = joint ? softmax(logits!) : targets;
      const { parts, back } = await steps.sweep(images, y);
      const [value, prior, ...adjoint] = await step.run(images, ...parts);
      const found = await back(adjoint);
      return {
        objective: value!.data[0]!,
        gradient: plus(found.images, prior!),
        ...(joint && { logitsGradient: throughSoftmax(y, found.targets) }),
      };
    },
  };
}

const plus = ({ shape, data }: NdArray, other: NdArray): NdArray => ({
  shape,
  data: data.map((value, i) => value + other.data[i]!),
});

/** Rows of probabilities from rows of logits. */
function softmax({ shape, data }: NdArray): NdArray {
  const [rows, classes] = shape as [number, number];
  const out = new Float32Array(data.length);
  for (let r = 0; r < rows; r++) {
    const row = data.subarray(r * classes, (r + 1) * classes);
    const most = Math.max(...row);
    const sum = row.reduce((total, l) => total + Math.exp(l - most), 0);
    for (let c = 0; c < classes; c++) out[r * classes + c] = Math.exp(row[c]! - most) / sum;
  }
  return { shape, data: out };
}

/** The derivative in the logits, y (d - sum y d), from the derivative d in the probabilities y. */
function throughSoftmax({ shape, data }: NdArray, { data: d }: NdArray): NdArray {
  const classes = shape[1]!;
  const out = new Float32Array(data.length);
  for (let from = 0; from < data.length; from += classes) {
    let mean = 0;
    for (let c = 0; c < classes; c++) mean += data[from + c]! * d[from + c]!;
    for (let c = 0; c < classes; c++) out[from + c] = data[from + c]! * (d[from + c]! - mean);
  }
  return { shape, data: out };
}
