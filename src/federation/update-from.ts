import { checkFinite, checkMatches } from '../core/arrays.js';
import { checkAttackable } from '../core/attackable.js';
import { problem } from '../core/errors.js';
import { checkOptions, integer } from '../core/options.js';
import type { Model, NamedArray, Update } from '../core/types.js';
import { mixesExamples } from '../models/index.js';
import { CLIENT_OPTIONS, type ClientOptions } from './client-options.js';
import { clientSettings } from './client-settings.js';
import { trainedOf } from './frozen.js';

/** Options of {@link updateFrom}: what the client did, as it announces it, and how many images it had. */
export interface UpdateFromOptions extends ClientOptions {
  readonly batchSize: number;
}

/**
 * The update of a real client from its weights before and after its local steps: delta = (before - after) /
 * learningRate, checked tensor by tensor, with the running statistics of batch norm in training mode that `after`
 * holds. `loss` is NaN: nobody said it. Whether the settings are those of the client is what checkClient() tells.
 * @param after a model, or its parameters alone
 * @throws weights of another network, NaN, weights that did not move, frozen ones that did, settings out of range
 * @example
 * const before = await rog.loadWeights('before.safetensors', rog.nets.lenet5({ classes: 10 }));
 * const after = await rog.loadWeights('after.safetensors', before);
 * const update = rog.updateFrom(before, after, { learningRate: 0.1, localSteps: 1, batchSize: 8 });
 */
export function updateFrom(
  before: Model,
  after: Pick<Model, 'parameters' | 'buffers'>,
  options: UpdateFromOptions,
): Update {
  checkOptions('updateFrom', options, [...CLIENT_OPTIONS, 'batchSize']);
  const { batchSize, ...rest } = options;
  integer('updateFrom', 'batchSize', batchSize, 1);
  const client = clientSettings('updateFrom', batchSize, rest, before);
  checkMatches('updateFrom', after?.parameters ?? [], before.parameters);
  checkFinite('updateFrom', [...before.parameters, ...after.parameters]);
  const tensors = before.parameters.map((w, k): NamedArray => {
    const moved = after.parameters[k]!.data;
    return { ...w, data: w.data.map((value, i) => (value - moved[i]!) / client.learningRate) };
  });
  checkStill(tensors, trainedOf(before, client.frozen));
  checkAttackable('updateFrom', before, tensors);
  const statistics = mixesExamples(before) && after.buffers;
  if (statistics) checkMatches('updateFrom', statistics, before.buffers ?? []);
  return { kind: 'update', tensors, client, loss: Number.NaN, ...(statistics && { statistics }) };
}

function checkStill(tensors: readonly NamedArray[], trained: readonly boolean[]): void {
  const moved = tensors.find(({ data }, k) => !trained[k] && data.some((value) => value !== 0));
  if (moved) throw problem('updateFrom', 'what is frozen has the same weights after as before', `${moved.name} moved`);
}
