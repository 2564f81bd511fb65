import { checkImages, oneHot } from '../core/arrays.js';
import { problem } from '../core/errors.js';
import { checkOptions, integer, number } from '../core/options.js';
import type { Batch, ClientSettings, Model, Update } from '../core/types.js';
import { compile, type Tensor } from '../engine/index.js';
import { localSteps } from './local-steps.js';

/** Options of {@link clientUpdate}. */
export interface ClientOptions {
  /** tau; 1 (default) is FedSGD, more is FedAvg. */
  readonly localSteps?: number;
  /** Learning rate of plain SGD; default 0.003. */
  readonly learningRate?: number;
  /** Images per local step; must divide the batch; default the whole batch. */
  readonly miniBatch?: number;
}

/**
 * What a client computes on its private batch: delta = (w0 - w_tau) / learningRate after tau steps of plain SGD on the
 * cross-entropy averaged over the (mini-)batch. For one step this is the gradient (FedSGD), for more FedAvg's update.
 * Source: McMahan et al. 2017; Yue et al. 2023, section 3.
 * @returns one array per parameter of the model, with the client's public settings.
 */
export async function clientUpdate(
  model: Model,
  batch: Pick<Batch, 'images' | 'labels'>,
  options: ClientOptions = {},
): Promise<Update> {
  checkOptions('clientUpdate', options, ['localSteps', 'learningRate', 'miniBatch']);
  checkImages('clientUpdate', batch.images, model.imageShape);
  const client = clientSettings('clientUpdate', batch.labels.length, options);
  if (batch.images.shape[0] !== client.batchSize)
    throw problem('clientUpdate', `${batch.images.shape[0]} images need as many labels`, client.batchSize);
  const targets = oneHot('clientUpdate', batch.labels, model.classes);
  const simulate = localSteps(model, client);
  const step = await compile(
    (images: Tensor, y: Tensor, ...parameters: Tensor[]) => {
      const { delta, loss } = simulate(parameters, images, y);
      return [loss, ...delta];
    },
    [batch.images, targets, ...model.parameters],
    { name: `clientUpdate of ${model.name}` },
  );
  try {
    const [loss, ...delta] = await step.run(batch.images, targets, ...model.parameters);
    const tensors = model.parameters.map(({ name, shape }, k) => ({ name, shape, data: delta[k]!.data }));
    return { kind: 'update', tensors, client, loss: loss!.data[0]! };
  } finally {
    step.dispose();
  }
}

/** Checked client settings with their defaults. */
export function clientSettings(where: string, batchSize: number, options: ClientOptions): ClientSettings {
  const { localSteps: tau = 1, learningRate = 0.003, miniBatch = batchSize } = options;
  integer(where, 'the batch size', batchSize, 1);
  integer(where, 'localSteps', tau, 1);
  number(where, 'learningRate', learningRate, 0, Number.POSITIVE_INFINITY, true);
  integer(where, 'miniBatch', miniBatch, 1, batchSize);
  if (batchSize % miniBatch !== 0) throw problem(where, `miniBatch must divide the batch of ${batchSize}`, miniBatch);
  return { batchSize, localSteps: tau, learningRate, miniBatch };
}
