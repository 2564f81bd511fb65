import { checkArguments } from '../core/arguments.js';
import { checkMatches } from '../core/arrays.js';
import { problem } from '../core/errors.js';
import { EXACT } from '../core/evidence.js';
import { summedEvidence } from '../core/summed-evidence.js';
import type { Model, NamedArray, Update } from '../core/types.js';
import { together } from './client-settings.js';

/**
 * FedAvg's aggregation: the mean of the clients' updates, weighted by their numbers of images when given, else by
 * nothing. A mean of updates is an update: all that the server sees where it sees no single one (secure aggregation).
 * It announces how many images each client had, so that an attack can simulate them all; its images are one client's
 * after the other's.
 * Source: McMahan et al. 2017, algorithm 1.
 * @throws no update; tensors that do not match; weights below 0; clients of different learning rates
 * @example
 * const mean = rog.federation.averageUpdates([alice, bob]);
 * const seen = rog.observe(model, mean, { labels: [...ofAlice, ...ofBob] })
 */
export function averageUpdates(updates: readonly Update[], weights?: readonly number[]): Update;
export function averageUpdates(updates: readonly (readonly NamedArray[])[], weights?: readonly number[]): NamedArray[];
export function averageUpdates(
  updates: readonly (Update | readonly NamedArray[])[],
  weights?: readonly number[],
): Update | NamedArray[] {
  if (!Array.isArray(updates) || updates.length === 0)
    throw problem('averageUpdates', 'needs at least one update, in a list', updates, 'averageUpdates([first, second])');
  if (weights && weights.length !== updates.length)
    throw problem('averageUpdates', `needs one weight per update (${updates.length})`, weights.length);
  const given = weights ?? updates.map(() => 1);
  const total = given.reduce((sum, w) => sum + w, 0);
  if (!(total > 0) || given.some((w) => !(w >= 0)))
    throw problem('averageUpdates', 'weights must be >= 0 and not all 0', given);
  const whole = updates.filter((update): update is Update => 'tensors' in update);
  const tensors = meanOf(
    updates.map((update) => ('tensors' in update ? update.tensors : update)),
    given,
    total,
  );
  if (whole.length === 0) return tensors;
  if (whole.length < updates.length)
    throw problem('averageUpdates', 'takes updates or lists of tensors, not both', undefined, 'give whole updates');
  const shares = given.map((w) => w / total);
  const [{ unsent }] = whole as [Update, ...Update[]];
  if (whole.some((update) => String(update.unsent) !== String(unsent)))
    throw problem(
      'averageUpdates',
      'every client must keep back the same parameters',
      undefined,
      'observeSum() takes any',
    );
  const loss = whole.reduce((sum, update, c) => sum + shares[c]! * update.loss, 0);
  const known = (k: number) => whole.map(({ evidence }) => evidence?.[k] ?? EXACT);
  const evidence = whole.some((update) => update.evidence) && tensors.map((_, k) => summedEvidence(known(k), shares));
  return {
    kind: 'update',
    tensors,
    client: together(
      whole.map(({ client }) => client),
      shares,
    ),
    loss,
    ...(unsent && { unsent }),
    ...(evidence && { evidence }),
  };
}

function meanOf(updates: readonly (readonly NamedArray[])[], weights: readonly number[], total: number): NamedArray[] {
  const first = updates[0]!;
  updates.forEach((update) => {
    checkMatches('averageUpdates', update, first);
  });
  return first.map(({ name, shape }, k) => {
    const arrays = updates.map((update) => update[k]!.data);
    return { name, shape, data: weightedMean(arrays, weights, total) };
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
  checkArguments('applyUpdate', 'applyUpdate(model, delta, learningRate)', { model });
  checkMatches('applyUpdate', delta, model.parameters);
  const parameters = model.parameters.map((w, k) => ({
    ...w,
    data: w.data.map((value, i) => value - learningRate * delta[k]!.data[i]!),
  }));
  return { ...model, parameters };
}
