import { trainedOf } from '../core/frozen.js';
import type { ClientSettings, Model } from '../core/types.js';
import { type Tensor, tf } from '../engine/index.js';
import { assumed, stepsOf } from './client-settings.js';
import { type Delta, localSteps } from './local-steps.js';

/**
 * The update of a client whose weights hardly move, from one gradient g at w0 on the whole batch: each step's move is
 * taken at w0.
 *
 *     sgd:    delta = a (g + weightDecay w0),  a = sum_t factor_t c_t,
 *             c_t what momentum makes of a constant gradient by step t
 *     adam:   the same with c_t = 1, without the division by the gradient's size,
 *             which leaves nothing to search: compare signs
 *     adamw:  as adam, without the decay, which is small beside moves of size 1
 *
 * Same signature as localSteps(), at the cost of one step whatever their number.
 */
export function direction(model: Pick<Model, 'layers' | 'parameters'>, settings: ClientSettings) {
  const { client } = assumed(settings);
  const parts = client.clients ?? [{ share: 1, settings: client }];
  const gradient = localSteps(model, {
    ...client,
    localSteps: 1,
    miniBatch: client.batchSize,
    optimizer: { kind: 'sgd' },
    order: undefined,
    schedule: undefined,
    ...(client.clients && { clients: parts.map(({ share, settings: own }) => ({ share, settings: once(own) })) }),
  });
  const { gain, weightDecay } = asGradients(client);
  const trained = trainedOf(model, parts[0]!.settings.frozen);
  return (parameters: readonly Tensor[], images: Tensor, targets: Tensor): Delta => {
    const { delta, loss } = gradient(parameters, images, targets);
    const decayed = weightDecay
      ? delta.map((g, k) => (trained[k] ? tf.add(g, tf.mul(parameters[k]!, weightDecay)) : g))
      : delta;
    return { delta: gain === 1 ? decayed : decayed.map((g) => tf.mul(g, gain)), loss };
  };
}

const once = ({ batchSize, learningRate, frozen, labelSmoothing }: ClientSettings): ClientSettings => ({
  batchSize,
  localSteps: 1,
  learningRate,
  miniBatch: batchSize,
  optimizer: { kind: 'sgd' },
  ...(frozen && { frozen }),
  ...(labelSmoothing && { labelSmoothing }),
});

/**
 * The local steps of one or several clients as one gradient g at w0, delta = gain (g + weightDecay w0): how often it
 * counts, tau for plain SGD with a constant rate, and what of the weights goes with it.
 */
export function asGradients(settings: ClientSettings): { readonly gain: number; readonly weightDecay: number } {
  const { client } = assumed(settings);
  const parts = client.clients ?? [{ share: 1, settings: client }];
  return {
    gain: parts.reduce((sum, { share, settings: own }) => sum + share * gainOf(own), 0),
    weightDecay: decayOf(parts[0]!.settings),
  };
}

function gainOf(client: ClientSettings): number {
  const { optimizer } = client;
  const { momentum = 0, nesterov = false } = optimizer?.kind === 'sgd' ? optimizer : {};
  let velocity = 0;
  return stepsOf(client).reduce((sum, { factor }) => {
    velocity = momentum * velocity + 1;
    return sum + factor * (nesterov ? 1 + momentum * velocity : velocity);
  }, 0);
}

const decayOf = ({ optimizer }: ClientSettings): number =>
  optimizer && optimizer.kind !== 'adamw' ? (optimizer.weightDecay ?? 0) : 0;
