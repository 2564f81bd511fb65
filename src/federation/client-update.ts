import { checkImages, oneHot } from '../core/arrays.js';
import { problem } from '../core/errors.js';
import { checkOptions, integer, number } from '../core/options.js';
import { deriveSeed } from '../core/random.js';
import type { Batch, ClientPrivacy, ClientSettings, Model, NdArray, Update } from '../core/types.js';
import { compile, type Tensor } from '../engine/index.js';
import { localSteps } from './local-steps.js';
import { checkPrivacy, clippedGradients, named, noised } from './private-gradient.js';

/** Options of {@link clientUpdate}. */
export interface ClientOptions {
  /** tau; 1 (default) is FedSGD, more is FedAvg. */
  readonly localSteps?: number;
  /** Learning rate of plain SGD; default 0.003. */
  readonly learningRate?: number;
  /** Images per local step; must divide the batch; default the whole batch. */
  readonly miniBatch?: number;
  /** Example-level privacy (DP-SGD, Fed-CDP): each example's gradient clipped, noise on every local step. Default none. */
  readonly privacy?: ClientPrivacy;
  /** Of the noise of `privacy`; default 1. */
  readonly seed?: number;
}

/**
 * What a client computes on its private batch: delta = (w0 - w_tau) / learningRate after tau steps of plain SGD on the
 * cross-entropy averaged over the (mini-)batch. For one step this is the gradient (FedSGD), for more FedAvg's update.
 * With `privacy` a step's gradient is (sum_i g_i min(1, C / ||g_i||) + sigma C n) / miniBatch, n standard normal.
 * Source: McMahan et al. 2017; Yue et al. 2023, section 3; Abadi et al. 2016 and Wei et al. 2021 (privacy).
 * @returns one array per parameter of the model, with the client's public settings.
 */
export async function clientUpdate(
  model: Model,
  batch: Pick<Batch, 'images' | 'labels'>,
  options: ClientOptions = {},
): Promise<Update> {
  checkOptions('clientUpdate', options, ['localSteps', 'learningRate', 'miniBatch', 'privacy', 'seed']);
  checkImages('clientUpdate', batch.images, model.imageShape);
  const client = clientSettings('clientUpdate', batch.labels.length, options);
  if (batch.images.shape[0] !== client.batchSize)
    throw problem('clientUpdate', `${batch.images.shape[0]} images need as many labels`, client.batchSize);
  const targets = oneHot('clientUpdate', batch.labels, model.classes);
  if (client.privacy)
    return privateUpdate(model, batch.images, targets, client, integer('clientUpdate', 'seed', options.seed ?? 1, 0));
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

/** The same steps with clipped and noised gradients, and the loss at w0. */
async function privateUpdate(
  model: Model,
  images: NdArray,
  targets: NdArray,
  client: ClientSettings,
  seed: number,
): Promise<Update> {
  const { batchSize, miniBatch, learningRate, privacy } = client;
  const clipped = await clippedGradients(model);
  const delta = model.parameters.map(({ data }) => new Float32Array(data.length));
  let first: number | undefined;
  try {
    for (let t = 0; t < client.localSteps; t++) {
      const weights = model.parameters.map((w, k) => ({
        ...w,
        data: t === 0 ? w.data : w.data.map((value, i) => value - learningRate * delta[k]![i]!),
      }));
      const rows = [(t * miniBatch) % batchSize, miniBatch] as const;
      const { sum, loss } = await clipped.run(
        weights,
        rowsOf(images, ...rows),
        rowsOf(targets, ...rows),
        privacy!.clip,
      );
      first ??= loss / miniBatch;
      const gradient = noised(sum, privacy!, miniBatch, deriveSeed(seed, 'noise', t));
      delta.forEach((values, k) => {
        for (let i = 0; i < values.length; i++) values[i]! += gradient[k]![i]!;
      });
    }
    return { kind: 'update', tensors: named(model, delta), client, loss: first! };
  } finally {
    clipped.dispose();
  }
}

/** Rows from..from+count of an array; shares memory with it. */
function rowsOf({ shape: [n, ...rest], data }: NdArray, from: number, count: number): NdArray {
  const size = data.length / n!;
  return { shape: [count, ...rest], data: data.subarray(from * size, (from + count) * size) };
}

/** Checked client settings with their defaults. */
export function clientSettings(where: string, batchSize: number, options: ClientOptions): ClientSettings {
  const { localSteps: tau = 1, learningRate = 0.003, miniBatch = batchSize } = options;
  integer(where, 'the batch size', batchSize, 1);
  integer(where, 'localSteps', tau, 1);
  number(where, 'learningRate', learningRate, 0, Number.POSITIVE_INFINITY, true);
  integer(where, 'miniBatch', miniBatch, 1, batchSize);
  if (batchSize % miniBatch !== 0) throw problem(where, `miniBatch must divide the batch of ${batchSize}`, miniBatch);
  const privacy = options.privacy && checkPrivacy(where, options.privacy);
  return { batchSize, localSteps: tau, learningRate, miniBatch, ...(privacy && { privacy }) };
}
