import { checkMatches } from '../core/arrays.js';
import { problem } from '../core/errors.js';
import type { Model, NamedArray } from '../core/types.js';

/**
 * FedAvg's aggregation: the mean of the clients' updates, weighted by their numbers of images when given.
 * Source: McMahan et al. 2017, algorithm 1.
 */
export function averageUpdates(updates: readonly (readonly NamedArray[])[], weights?: readonly number[]): NamedArray[] {
  const [first] = updates;
  if (!first) throw problem('averageUpdates', 'needs at least one update');
  if (weights && weights.length !== updates.length)
    throw problem('averageUpdates', `needs one weight per update (${updates.length})`, weights.length);
  updates.forEach((update) => {
    checkMatches('averageUpdates', update, first);
  });
  const shares = weights ?? updates.map(() => 1);
  const total = shares.reduce((sum, w) => sum + w, 0);
  if (!(total > 0) || shares.some((w) => !(w >= 0)))
    throw problem('averageUpdates', 'weights must be >= 0 and not all 0', shares);
  return first.map(({ name, shape }, k) => {
    const arrays = updates.map((update) => update[k]!.data);
    return { name, shape, data: weightedMean(arrays, shares, total) };
  });
}

/** In float64, in the order of the arrays. */
function weightedMean(arrays: readonly Float32Array[], shares: readonly number[], total: number): Float32Array {
  const sum = new Float64Array(arrays[0]!.length);
  arrays.forEach((values, c) => {
    const share = shares[c]!;
    for (let i = 0; i < sum.length; i++) sum[i]! += values[i]! * share;
  });
  const mean = new Float32Array(sum.length);
  for (let i = 0; i < sum.length; i++) mean[i] = sum[i]! / total;
  return mean;
}

/** The next round's model: w = w0 - learningRate * delta. The given model is left as it is. */
export function applyUpdate(model: Model, delta: readonly NamedArray[], learningRate: number): Model {
  checkMatches('applyUpdate', delta, model.parameters);
  const parameters = model.parameters.map((w, k) => ({
    ...w,
    data: w.data.map((value, i) => value - learningRate * delta[k]!.data[i]!),
  }));
  return { ...model, parameters };
}
