import { isNetworkProblem } from '../../assets/index.js';
import { problem } from '../../core/errors.js';
import { checkOptions, oneOf } from '../../core/options.js';
import type { NdArray } from '../../core/types.js';
import { type Tensor, tf } from '../../engine/index.js';
import { inOrder, type LpipsWeights, linearTensors, officialWeights, type WeightOptions } from './lpips-weights.js';
import { type DistanceFunction, distanceFunction, measure, type Perceptual } from './perceptual.js';
import { trunkFeatures } from './trunk-features.js';
import { smallestSide, TRUNKS, type TrunkName, trunkTensors } from './trunks.js';

/** Options of {@link lpips}. */
export interface LpipsOptions extends WeightOptions {
  /** The network; default 'alex', the one the authors recommend for scores ('vgg' for losses). */
  readonly net?: TrunkName;
  /** One value (or map) per layer instead of their sum; default false. */
  readonly perLayer?: boolean;
  /** Maps of the size of the picture instead of their means; default false. */
  readonly spatial?: boolean;
  /** Weights of your own; default: the official ones, of the folder ROGLAB_WEIGHTS, the cache or the network. */
  readonly weights?: LpipsWeights;
}

const OPTIONS = ['net', 'perLayer', 'spatial', 'weights', 'cache', 'onProgress', 'signal'];

/**
 * LPIPS v0.1, one distance per pair of images: sum over layers of mean over (h, w) of sum_c w_c (f_c / |f| - g_c /
 * |g|)^2. 0 is equal; 0.2 is clearly alike, 0.6 hardly. Lower is better.
 *
 * x and y: [n, height, width, 3] in [0, 1] (clamped), scaled to [-1, 1] and normalised as the published code does.
 * `perLayer`: a list per layer, each with one number per pair. `spatial`: maps [n, height, width], layers brought to
 * the picture's size bilinearly; with `perLayer` one per layer. The official weights (torchvision's trunk, the authors'
 * linear weights) are downloaded once; offline and not cached this is an error that says so.
 * Source: Zhang et al., The Unreasonable Effectiveness of Deep Features as a Perceptual Metric, 2018.
 * @throws shapes that differ, NaN, images under the trunk's least size (alex 31, squeeze 17, vgg 16), no weights to be
 * had
 * @example await rog.metrics.lpips(batch.images, result.images, { net: 'alex' }) // [0.21, 0.34]
 */
export async function lpips(
  x: NdArray,
  y: NdArray,
  options: LpipsOptions & { readonly perLayer: true; readonly spatial: true },
): Promise<NdArray[]>;
export async function lpips(
  x: NdArray,
  y: NdArray,
  options: LpipsOptions & { readonly perLayer: true },
): Promise<number[][]>;
export async function lpips(
  x: NdArray,
  y: NdArray,
  options: LpipsOptions & { readonly spatial: true },
): Promise<NdArray>;
export async function lpips(x: NdArray, y: NdArray, options?: LpipsOptions): Promise<number[]>;
export async function lpips(
  x: NdArray,
  y: NdArray,
  options: LpipsOptions = {},
): Promise<number[] | number[][] | NdArray | NdArray[]> {
  checkOptions('lpips', options, OPTIONS);
  const { perLayer = false, spatial = false } = options;
  const found = await measure(await lpipsNetwork(options), x, y, { perLayer, spatial });
  const layers = (found[0] ?? []).map((_, layer) => found.map((image) => image[layer]!));
  if (spatial) return perLayer ? layers.map(stack) : stack(layers[0] ?? []);
  const values = layers.map((layer) => layer.map(({ data }) => data[0]!));
  return perLayer ? values : (values[0] ?? []);
}

const stack = (images: readonly NdArray[]): NdArray => {
  const [, ...shape] = images[0]!.shape;
  const data = Float32Array.from(images.flatMap((image) => [...image.data]));
  return { shape: [images.length, ...shape], data };
};

/**
 * {@link lpips} for use inside a step: `distance(parameters, x, y)` is [batch], differentiable in both images.
 * @example
 * const { parameters, distance } = await rog.metrics.lpipsFunction({ net: 'alex' });
 * const pair = [batch.images, result.images];
 * const loss = await rog.engine.compile((x, y, ...w) => tf.mean(distance(w, x, y)), pair, { constants: parameters });
 */
export async function lpipsFunction(
  options: Omit<LpipsOptions, 'perLayer' | 'spatial'> = {},
): Promise<DistanceFunction> {
  checkOptions('lpipsFunction', options, OPTIONS);
  return distanceFunction(await lpipsNetwork(options));
}

/** Networks that are ready: the official ones by name and cache, others by their weights. */
const official = new Map<string, Promise<Perceptual>>();
const others = new WeakMap<LpipsWeights, Map<TrunkName, Perceptual>>();

async function lpipsNetwork({ net = 'alex', weights, ...how }: LpipsOptions): Promise<Perceptual> {
  const name = oneOf('lpips', 'net', net, Object.keys(TRUNKS) as TrunkName[]);
  if (weights) {
    const known = others.get(weights) ?? new Map<TrunkName, Perceptual>();
    others.set(weights, known);
    if (!known.has(name)) known.set(name, assemble(name, weights));
    return known.get(name)!;
  }
  const key = `${name} ${how.cache ?? ''} ${process.env.ROGLAB_WEIGHTS ?? ''}`;
  const loading = official.get(key) ?? load(name, how);
  official.set(key, loading);
  loading.catch(() => official.delete(key)); // what the network broke may succeed later
  return loading;
}

async function load(net: TrunkName, how: WeightOptions): Promise<Perceptual> {
  const weights = await officialWeights(net, how).catch((error: Error) => {
    if (!isNetworkProblem(error)) throw error;
    const rule = `the official weights of ${net} are not in the cache and cannot be fetched (${error.message})`;
    const fix = 'go online once; featureDistance() needs no download, on a scale of its own';
    throw Object.assign(problem('lpips', rule, undefined, fix), { code: 'NETWORK' });
  });
  return assemble(net, weights);
}

function assemble(net: TrunkName, { trunk, linear }: LpipsWeights): Perceptual {
  const steps = TRUNKS[net];
  const { tensors, channels } = trunkTensors(steps);
  const activations = trunkFeatures(steps);
  return {
    name: `lpips(${net})`,
    smallest: smallestSide(steps),
    parameters: [
      ...inOrder(`lpips(${net}): trunk`, trunk, tensors),
      ...inOrder(`lpips(${net}): linear weights`, linear, linearTensors(channels)),
    ],
    calibrated: channels.length,
    features: (parameters, images) => activations(parameters, normalised(images)),
  };
}

const SHIFT = [-0.03, -0.088, -0.188];
const SCALE = [0.458, 0.448, 0.45];

/** [0, 1] to [-1, 1], then (x - shift) / scale per channel: the constants of the published code. */
function normalised(images: Tensor): Tensor {
  const perChannel = (values: number[]) => tf.tensor(values, [1, 1, 1, 3]);
  const factor = perChannel(SCALE.map((scale) => 2 / scale));
  return tf.sub(tf.mul(images, factor), perChannel(SHIFT.map((shift, c) => (1 + shift) / SCALE[c]!)));
}
