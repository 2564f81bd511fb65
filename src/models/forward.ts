import { deriveSeed } from '../core/random.js';
import type { Layer, Model } from '../core/types.js';
import { type Tensor, type Tensor2D, tf } from '../engine/index.js';
import { ruleOf } from './layers/layer-table.js';
import type { BatchMoments, Drawing, Finish, Using, Way } from './layers/types.js';

export type { BatchMoments, Drawing, Finish, Use, Using } from './layers/types.js';

/** A network without its parameters. */
export type Architecture = Pick<Model, 'layers' | 'buffers'>;

/** How a network is run; all of it can be left out. */
export interface ForwardOptions {
  /** See {@link Finish}; default: the bias is added. */
  readonly finish?: Finish;
  /** See {@link Using}; default: nobody asks. */
  readonly using?: Using;
  /** Told the moments of all batch-norm layers' inputs, in order; the tensors live as long as the run's others. */
  readonly watch?: (moments: BatchMoments) => void;
  /** Told what layers add to the loss (the bottleneck's divergence), each a scalar. */
  readonly charge?: (penalty: Tensor) => void;
  /** The client's local step: every step has dropout masks of its own. Default 0. */
  readonly step?: number;
  /** Seed of what only the client draws; default: none, dropout layers of unknown masks do nothing. */
  readonly secret?: number;
  /** Makes a tensor of what a layer draws, in order; default: of the numbers of this step. */
  readonly random?: (drawing: Drawing) => Tensor;
}

const untold: Using = (_, value) => value;
const addBias: Finish = (convolved, take) => tf.add(convolved, take());

/**
 * The network as a pure function: logits [batch, classes] = f(parameters, images [batch, h, w, c]).
 * Differentiable to any order; the caller owns the result. Running statistics of the model are constants of it.
 */
export function forward(
  model: Architecture,
  options: ForwardOptions = {},
): (parameters: readonly Tensor[], images: Tensor) => Tensor2D {
  const values = layerOutputs(model, options);
  return (parameters, images) => tf.reshape(values(parameters, images).at(-1) ?? images, [images.shape[0], -1]);
}

/** The value after every layer as a pure function of (parameters, images); what nobody uses costs nothing compiled. */
export function layerOutputs(
  model: Architecture,
  options: ForwardOptions = {},
): (parameters: readonly Tensor[], images: Tensor) => Tensor[] {
  return (parameters, images) => {
    const way = start(model, parameters, options);
    const values: Tensor[] = [];
    for (const layer of model.layers) values.push(ruleOf(layer).apply(layer, values.at(-1) ?? images, way));
    return values;
  };
}

function start({ buffers = [] }: Architecture, parameters: readonly Tensor[], options: ForwardOptions): Way {
  const { finish = addBias, using = untold, watch, charge = () => {}, step = 0, secret } = options;
  const { random = ({ shape, at }: Drawing) => tf.tensor(at(step), [...shape]) } = options;
  const queue = parameters[Symbol.iterator]();
  let [norms, dropouts] = [0, 0];
  const run = (layers: readonly Layer[], x: Tensor): Tensor =>
    layers.reduce((value, layer) => ruleOf(layer).apply(layer, value, way), x);
  const way: Way = {
    take: () => queue.next().value as Tensor,
    statistics: () => {
      const [mean, variance] = buffers.slice(2 * norms, 2 * ++norms);
      return mean && variance && [mean, variance];
    },
    drawn: (known, shape, values) => {
      const seed = known ?? secret;
      const layer = dropouts++;
      if (seed === undefined) return undefined;
      return random({ shape, at: (step) => values(deriveSeed(seed, 'dropout', step, layer)) });
    },
    finish,
    using,
    watch,
    charge,
    run,
  };
  return way;
}
