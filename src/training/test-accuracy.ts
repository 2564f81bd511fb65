import { checkArguments } from '../core/arguments.js';
import { ndarray } from '../core/arrays.js';
import type { Model, NamedArray, NdArray } from '../core/types.js';
import { type Dataset, imagesInTurns, type Split } from '../data/index.js';
import { compile, type Tensor } from '../engine/index.js';
import { forward, inEvaluation } from '../models/index.js';
import { type FixedMoments, normalisedForward, normalisedParameters } from './batch-norm.js';

const AT_ONCE = 100;

/** Share of correctly classified images of a split, 0 to 1. */
export async function testAccuracy(
  model: Model,
  data: Dataset,
  split: Split = 'test',
  threads?: number,
): Promise<number> {
  checkArguments('testAccuracy', 'testAccuracy(model, data)', { model, dataset: data });
  const accuracy = await accuracyOf(model, threads);
  try {
    return await accuracy.run(model, data, split, [...Array(data.sizes[split]).keys()]);
  } finally {
    accuracy.dispose();
  }
}

/** One compiled step that counts what a network, whatever its weights, gets right at positions of a split. */
export async function accuracyOf(model: Model, threads?: number) {
  const step = await compile(
    (images: Tensor, ...parameters: Tensor[]) => forward(inEvaluation(model))(parameters, images),
    [ndarray([AT_ONCE, ...model.imageShape]), ...model.parameters],
    { name: `accuracy of ${model.name}`, ...(threads && { threads }) },
  );
  const run = async (weights: Model, data: Dataset, split: Split, indices: readonly number[]): Promise<number> => {
    let right = 0;
    for (let from = 0; from < indices.length; from += AT_ONCE) {
      const count = Math.min(AT_ONCE, indices.length - from);
      // the last batch is filled up with its last image
      const some = Array.from({ length: AT_ONCE }, (_, i) => indices[from + Math.min(i, count - 1)]!);
      const images = await imagesInTurns(data, split, some);
      const labels = data.labels(split, some);
      const [logits] = await step.run(images, ...weights.parameters);
      for (let i = 0; i < count; i++) {
        const row = logits!.data.subarray(i * model.classes, (i + 1) * model.classes);
        if (row.indexOf(Math.max(...row)) === labels[i]) right++;
      }
    }
    return right / indices.length;
  };
  return { run, dispose: step.dispose };
}

/** One compiled step of mean and variance of every normalised convolution over several batches, together. */
export async function momentsOf(model: Model, batchSize: number, threads?: number) {
  const network = normalisedForward(model);
  const step = await compile(
    (images: Tensor, ...parameters: Tensor[]) =>
      network(parameters, images).moments.flatMap(({ mean, variance }) => [mean, variance]),
    [ndarray([batchSize, ...model.imageShape]), ...normalisedParameters(model)],
    { name: `moments of ${model.name}`, ...(threads && { threads }) },
  );
  const run = async (
    parameters: readonly NamedArray[],
    batches: readonly (() => Promise<NdArray>)[],
  ): Promise<FixedMoments[]> => {
    const results: NdArray[][] = [];
    for (const batch of batches) results.push(await step.run(await batch(), ...parameters));
    return Array.from({ length: results[0]!.length / 2 }, (_, k) =>
      together(
        results.map((result) => result[2 * k]!.data),
        results.map((result) => result[2 * k + 1]!.data),
      ),
    );
  };
  return { run, dispose: step.dispose };
}

function together(means: readonly Float32Array[], variances: readonly Float32Array[]): FixedMoments {
  const average = (list: readonly Float32Array[]): Float32Array =>
    list[0]!.map((_, c) => list.reduce((sum, values) => sum + values[c]!, 0) / list.length);
  const mean = average(means);
  const spread = average(means.map((values) => values.map((value, c) => (value - mean[c]!) ** 2)));
  const variance = average(variances).map((value, c) => value + spread[c]!);
  return { mean: ndarray([mean.length], mean), variance: ndarray([mean.length], variance) };
}
