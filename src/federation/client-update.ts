import { checkArguments } from '../core/arguments.js';
import { checkImages, oneHot } from '../core/arrays.js';
import { problem } from '../core/errors.js';
import { trainedOf } from '../core/frozen.js';
import { deriveSeed } from '../core/random.js';
import type { Batch, ClientSettings, Model, NdArray, Update } from '../core/types.js';
import { compile, type Tensor } from '../engine/index.js';
import { mixesExamples } from '../models/index.js';
import type { ClientOptions } from './client-options.js';
import { clientSettings, stepsOf, unrolls } from './client-settings.js';
import { iterated } from './iterated.js';
import { localSteps } from './local-steps.js';
import { pick } from './picked-rows.js';
import { clippedGradients, datasOf, named, noised } from './private-gradient.js';
import { checkPrivacy, mechanismOf, privacyOfTrained } from './private-settings.js';
import { smoothedTargets } from './smoothed.js';
import { runningStatistics } from './statistics.js';

/**
 * What a client computes on its private batch: delta = (w0 - w_tau) / learningRate after tau local steps on the
 * cross-entropy averaged over the (mini-)batch. With plain SGD one step is the gradient (FedSGD), more are FedAvg's
 * update; with another optimizer delta is the same difference of weights, so one step of Adam is nearly the gradient's
 * signs. With `privacy` a step's gradient is (sum_i g_i min(1, C / |g_i|) + noise) / miniBatch, see ClientPrivacy.
 * Source: McMahan et al. 2017; Yue et al. 2023, section 3; Abadi et al. 2016 and Wei et al. 2021 (privacy).
 * Where batch norm is in training mode, its running statistics after the steps come along; see observe() for who gets
 * them.
 * @returns one array per parameter of the model, with the client's public settings.
 */
export async function clientUpdate(
  model: Model,
  batch: Pick<Batch, 'images' | 'labels'>,
  options: ClientOptions = {},
): Promise<Update> {
  checkArguments('clientUpdate', 'clientUpdate(model, batch)', { model, batch });
  checkImages('clientUpdate', batch.images, model.imageShape);
  const client = clientSettings('clientUpdate', batch.labels.length, options, model);
  if (batch.images.shape[0] !== client.batchSize)
    throw problem('clientUpdate', `${batch.images.shape[0]} images need as many labels`, client.batchSize);
  const targets = oneHot('clientUpdate', batch.labels, model.classes);
  const { seed = 1 } = options;
  if (client.privacy) checkPrivacy('clientUpdate', client.privacy, model);
  if (client.privacy)
    return privateUpdate(model, batch.images, smoothedTargets(targets, client.labelSmoothing), client, seed);
  const { delta, loss } = await simulatedUpdate(model, batch.images, targets, client, seed);
  const statistics = mixesExamples(model) && {
    statistics: await runningStatistics(model, batch.images, targets, client, seed),
  };
  return { kind: 'update', tensors: named(model, datasOf(delta)), client, loss, ...statistics };
}

interface Computed {
  readonly delta: readonly NdArray[];
  readonly loss: number;
}

type Simulated = (
  model: Model,
  images: NdArray,
  targets: NdArray,
  client: ClientSettings,
  secret?: number,
) => Promise<Computed>;

/**
 * The update of complete settings on given images and one-hot (or soft) labels, without noise or clipping: for a client
 * itself, and for a server that asks what its pictures would have given.
 * @param secret the seed of the client's own dropout masks; a server has none
 */
export const simulatedUpdate: Simulated = (model, images, targets, client, secret) =>
  (unrolls(model, client, 'forward') ? atOnce : stepByStep)(model, images, targets, client, secret);

/** All local steps in one compiled step. */
const atOnce: Simulated = async (model, images, targets, client, secret) => {
  const simulate = localSteps(model, client, secret);
  const step = await compile(
    (x: Tensor, y: Tensor, ...parameters: Tensor[]) => {
      const { delta, loss } = simulate(parameters, x, y);
      return [loss, ...delta];
    },
    [images, targets, ...model.parameters],
    { name: `clientUpdate of ${model.name}` },
  );
  try {
    const [loss, ...delta] = await step.run(images, targets, ...model.parameters);
    return { delta, loss: loss!.data[0]! };
  } finally {
    step.dispose();
  }
};

/** One compiled local step, run again and again. */
const stepByStep: Simulated = async (model, images, targets, client, secret) => {
  const steps = await iterated(model, client, 'forward', { secret });
  try {
    return await steps.forward(images, targets);
  } finally {
    steps.dispose();
  }
};

/** The same steps with clipped and noised gradients, and the loss at w0. */
async function privateUpdate(
  model: Model,
  images: NdArray,
  targets: NdArray,
  client: ClientSettings,
  seed: number,
): Promise<Update> {
  const { miniBatch, learningRate, privacy } = client;
  const { clip, scope, exemptFirst } = mechanismOf(privacy!);
  const trained = trainedOf(model, client.frozen);
  const own = privacyOfTrained(privacy!, trained);
  const clipped = await clippedGradients(model, { scope, group: Math.min(miniBatch, GROUP), trained });
  const delta = model.parameters.map(({ data }) => new Float32Array(data.length));
  let first: number | undefined;
  try {
    for (const [t, { rows, factor }] of stepsOf(client).entries()) {
      const weights = model.parameters.map((w, k) => ({
        ...w,
        data: t === 0 ? w.data : w.data.map((value, i) => value - learningRate * delta[k]![i]!),
      }));
      const [x, y] = [pick(images, rows), pick(targets, rows)];
      const count = y.shape[0]!;
      const exempt = +exemptFirst;
      const { sum, powers, loss } = await clipped.run(weights, x, y, clip, exempt);
      first ??= loss / count;
      const spread = { powers, noisy: count - exempt };
      const gradient = noised(sum, own, count, deriveSeed(seed, 'noise', t), spread).values();
      for (const values of delta.filter((_, k) => trained[k])) {
        const moved = gradient.next().value as Float32Array;
        for (let i = 0; i < values.length; i++) values[i]! += factor * moved[i]!;
      }
    }
    return { kind: 'update', tensors: named(model, delta), client, loss: first! };
  } finally {
    clipped.dispose();
  }
}

/** Examples of one compiled step, at most. */
const GROUP = 16;
