import { checkFinite, checkMatches } from '../core/arrays.js';
import { checkAttackable } from '../core/attackable.js';
import { problem } from '../core/errors.js';
import { trainedOf } from '../core/frozen.js';
import { checkOptions, integer } from '../core/options.js';
import type { ClientSettings, Model, NamedArray, Update } from '../core/types.js';
import { type Gradients, mixesExamples, type SentWeights } from '../models/index.js';
import { CLIENT_OPTIONS, type ClientOptions } from './client-options.js';
import { clientSettings, isOneGradient } from './client-settings.js';
import { storedEvidence } from './stored-evidence.js';

/** Options of {@link updateFrom}: what the client did, as it announces it, and how many images it had. */
export interface UpdateFromOptions extends ClientOptions {
  readonly batchSize: number;
}

/**
 * The update of a real client from its weights before and after its local steps: delta = (before - after) /
 * learningRate, checked tensor by tensor, with the running statistics of batch norm in training mode that `after`
 * holds. Where the format of the weights (float32, float16, bfloat16) rounds a good part of it away, `evidence` tells
 * an attack by how much. `loss` is NaN: nobody said it. Whether the settings are those of the client is what
 * checkClient() tells.
 * @param after a model, or its parameters alone; loadSent() reads files that hold a part of them
 * @throws weights of another network, NaN, weights that did not move, frozen ones that did, settings out of range
 * @example
 * const before = await rog.loadWeights('before.safetensors', rog.nets.lenet5({ classes: 10 }));
 * const after = await rog.loadWeights('after.safetensors', before);
 * const update = rog.updateFrom(before, after, { learningRate: 0.1, localSteps: 1, batchSize: 8 });
 */
export function updateFrom(
  before: Model,
  after: Pick<Model, 'parameters' | 'buffers'> & Partial<Pick<SentWeights, 'unsent'>>,
  options: UpdateFromOptions,
): Update {
  const client = clientOf('updateFrom', options, before);
  checkMatches('updateFrom', after?.parameters ?? [], before.parameters);
  checkFinite('updateFrom', [...before.parameters, ...after.parameters]);
  const tensors = before.parameters.map((w, k): NamedArray => {
    const moved = after.parameters[k]!.data;
    return { ...w, data: w.data.map((value, i) => (value - moved[i]!) / client.learningRate) };
  });
  checkStill('updateFrom', before, tensors, client, 'the same weights after as before');
  checkAttackable('updateFrom', before, tensors);
  const statistics = mixesExamples(before) && after.buffers;
  if (statistics) checkMatches('updateFrom', statistics, before.buffers ?? []);
  const kept = new Set(after.unsent);
  const counts = trainedOf(before, client.frozen).map((is, k) => is && !kept.has(tensors[k]!.name));
  const evidence = storedEvidence(after.parameters, tensors, client, counts);
  return {
    kind: 'update',
    tensors,
    client,
    loss: Number.NaN,
    ...(evidence && { evidence }),
    ...(statistics && { statistics }),
    ...keptBack(after),
  };
}

/**
 * The update of a real client that sent its gradient (FedSGD, the setting of DLG): delta is the gradient as it is,
 * where {@link updateFrom} has the rounding of the weights in it. One step of plain SGD on the whole batch; its
 * learning rate means nothing.
 * @throws gradients of another network, NaN, zeros alone, a gradient of what is frozen, settings of another client
 * @example
 * const gradients = await rog.nets.loadGradients('gradients.safetensors', model);
 * const update = rog.federation.updateFromGradients(model, gradients, { batchSize: 2 });
 */
export function updateFromGradients(model: Model, gradients: Gradients, options: UpdateFromOptions): Update {
  const where = 'updateFromGradients';
  const client = clientOf(where, options, model);
  checkOneGradient(where, client);
  checkMatches(where, gradients?.tensors, model.parameters);
  checkFinite(where, [...model.parameters, ...gradients.tensors]);
  const { tensors } = gradients;
  checkStill(where, model, tensors, client, 'no gradient');
  checkAttackable(where, model, tensors);
  return { kind: 'update', tensors, client, loss: Number.NaN, ...keptBack(gradients) };
}

const keptBack = ({ unsent = [] }: { readonly unsent?: readonly string[] }) => unsent.length > 0 && { unsent };

function clientOf(where: string, options: UpdateFromOptions, model: Model): ClientSettings {
  checkOptions(where, options, [...CLIENT_OPTIONS, 'batchSize']);
  const { batchSize, ...rest } = options;
  integer(where, 'batchSize', batchSize, 1);
  return clientSettings(where, batchSize, rest, model);
}

/** Refuses a client that cannot have sent one gradient. */
export function checkOneGradient(where: string, { privacy: _, ...client }: ClientSettings): void {
  const { localSteps, miniBatch, optimizer } = client;
  const { kind, ...more } = optimizer!;
  if (!isOneGradient(client))
    throw problem(
      where,
      'a client that sends gradients takes one step of plain SGD on its whole batch',
      [kind, ...Object.keys(more), `steps ${localSteps}`, `images ${miniBatch}`].join(', '),
      'of any other give the weights after its steps (updateFrom; after in an audit)',
    );
}

function checkStill(
  where: string,
  model: Model,
  tensors: readonly NamedArray[],
  { frozen }: ClientSettings,
  has: string,
): void {
  const trained = trainedOf(model, frozen);
  const moved = tensors.find(({ data }, k) => !trained[k] && data.some((value) => value !== 0));
  if (moved) throw problem(where, `what is frozen has ${has}`, `${moved.name} moved`);
}
