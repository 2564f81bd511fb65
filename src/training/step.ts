import { deriveSeed } from '../core/random.js';
import type { NdArray } from '../core/types.js';
import { compile, type Step, type Tensor, tf } from '../engine/index.js';
import { indicesOf, type Plan } from './training-plan.js';
import type { FitOptions, Losses } from './types.js';

/** The compiled part of a step. */
export interface TrainingStep {
  readonly run: (
    parameters: readonly NdArray[],
    batch: readonly NdArray[],
  ) => Promise<{ losses: Readonly<Record<string, number>>; gradients: readonly NdArray[] }>;
  readonly engine: string;
  readonly dispose: Step['dispose'];
}

/** Loss, the other scalars and the gradients as one step: parameters, then the arrays of a minibatch, go in. */
export async function compileStep(options: FitOptions, plan: Plan): Promise<TrainingStep> {
  const { parameters, loss, data, constants = [], threads, name } = options;
  const example = await data.batch(indicesOf(0, data.size, plan, new Map()), deriveSeed(plan.seed, 'step', 0));
  const count = parameters.length;
  let names: string[] = [];
  const step = await compile(
    (...tensors: Tensor[]) => {
      const batch = tensors.slice(count, count + example.length);
      let all: Losses | undefined;
      const { value, grads } = tf.valueAndGrads((...weights: Tensor[]) => {
        all = loss(weights, batch, tensors.slice(count + example.length));
        const { loss: value, ...shown } = all;
        for (const scalar of Object.values(shown)) tf.keep(scalar); // the gradient's scope would dispose of them
        return tf.reshape(value, []) as tf.Scalar;
      })(tensors.slice(0, count));
      const { loss: _, ...rest } = all!;
      names = ['loss', ...Object.keys(rest)];
      return [value, ...Object.values(rest), ...grads];
    },
    [...parameters, ...example],
    { constants, name: `training step of ${name}`, ...(threads && { threads }) },
  );
  const run: TrainingStep['run'] = async (weights, batch) => {
    const results = await step.run(...weights, ...batch);
    const losses = Object.fromEntries(names.map((key, i) => [key, results[i]!.data[0]!]));
    return { losses, gradients: results.slice(names.length) };
  };
  return { run, engine: step.engine, dispose: step.dispose };
}
