import { imageAt } from '../../core/arrays.js';
import { problem } from '../../core/errors.js';
import type { NdArray } from '../../core/types.js';
import type { Session, Step, Tensor, Tensor1D } from '../../engine/index.js';
import { compile, currentSession, start } from '../../engine/index.js';
import { checkImageShapes, pictures } from '../per-image.js';
import { atSize, layerMaps, layerMeans, total } from './distance.js';

/** A perceptual distance with its weights: a trunk, and weights of its channels where it is calibrated. */
export interface Perceptual {
  readonly name: string;
  /** The least height and width of an image. */
  readonly smallest: number;
  /** The trunk's parameters, then, when calibrated, one array of channel weights per layer. */
  readonly parameters: readonly NdArray[];
  /** How many of the parameters are channel weights. */
  readonly calibrated: number;
  /** Activations of the compared layers, [batch, h, w, c] each, from the trunk's parameters and images in [0, 1]. */
  readonly features: (parameters: readonly Tensor[], images: Tensor) => Tensor[];
}

/** A perceptual distance inside tensorflow.js code: one number per pair, differentiable in both images. */
export interface DistanceFunction {
  /** Hand them to compile() as constants, or turn them into tensors. */
  readonly parameters: readonly NdArray[];
  /** distance(parameters, x, y): [batch] from images [batch, height, width, 3] in [0, 1]. */
  readonly distance: (parameters: readonly Tensor[], x: Tensor, y: Tensor) => Tensor1D;
}

/** What of a distance is wanted: its mean over the picture or its map, per layer or summed. */
export interface Parts {
  readonly perLayer: boolean;
  readonly spatial: boolean;
}

function maps({ calibrated, parameters, features }: Perceptual, given: readonly Tensor[], x: Tensor, y: Tensor) {
  const weights = parameters.length - calibrated;
  const trunk = given.slice(0, weights);
  return layerMaps(features(trunk, x), features(trunk, y), calibrated ? given.slice(weights) : undefined);
}

/** The distance as a pure function for use inside a step, e.g. as a training loss. */
export const distanceFunction = (perceptual: Perceptual): DistanceFunction => ({
  parameters: perceptual.parameters,
  distance: (parameters, x, y) => total(layerMeans(maps(perceptual, parameters, x, y))) as Tensor1D,
});

function parts(perceptual: Perceptual, { perLayer, spatial }: Parts, height: number, width: number) {
  return (x: Tensor, y: Tensor, ...parameters: Tensor[]): Tensor[] => {
    const found = maps(perceptual, parameters, x, y);
    const layers = spatial ? atSize(found, height, width) : layerMeans(found);
    return perLayer ? layers : [total(layers)];
  };
}

interface Kept {
  readonly session: Session;
  readonly step: Promise<Step>;
}

/** Compiled steps by distance and by what is asked of it: weights are handed over once, not per call. */
const steps = new WeakMap<Perceptual, Map<string, Kept>>();

async function stepFor(perceptual: Perceptual, what: Parts, height: number, width: number): Promise<Step> {
  const session = currentSession() ?? (await start());
  const known = steps.get(perceptual) ?? new Map<string, Kept>();
  steps.set(perceptual, known);
  const key = `${height}x${width} ${what.perLayer} ${what.spatial}`;
  const kept = known.get(key);
  if (kept?.session === session) return kept.step;
  kept?.step.then((step) => step.dispose()).catch(() => {});
  const example = { shape: [1, height, width, 3], data: new Float32Array(height * width * 3) };
  const step = compile(parts(perceptual, what, height, width), [example, example], {
    constants: perceptual.parameters,
    name: perceptual.name,
  });
  known.set(key, { session, step });
  step.catch(() => known.delete(key));
  return step;
}

/**
 * The distance of each image of x to the one of y: one list of arrays per image, an array per layer or their sum.
 * Images are clamped to [0, 1], as for every metric.
 * @throws shapes that differ, NaN, no RGB, images that are too small
 */
export async function measure(perceptual: Perceptual, x: NdArray, y: NdArray, what: Parts): Promise<NdArray[][]> {
  const [a, b] = checkedPair(perceptual, x, y);
  const step = await stepFor(perceptual, what, x.shape[1]!, x.shape[2]!);
  const results: NdArray[][] = [];
  for (let i = 0; i < x.shape[0]!; i++) results.push(await step.run(imageAt(a, i), imageAt(b, i)));
  return results;
}

function checkedPair({ name, smallest }: Perceptual, x: NdArray, y: NdArray): [NdArray, NdArray] {
  checkImageShapes(name, x, y);
  const pair = [x, y].map((images) => clamped(name, images)) as [NdArray, NdArray];
  const [count, height, width, channels] = x.shape as [number, number, number, number];
  if (y.shape[0] !== count) throw problem(name, `there must be ${count} images to compare with`, y.shape[0]);
  if (channels !== 3)
    throw problem(name, 'images must be RGB', `${channels} channels`, 'repeat a grey image three times');
  if (Math.min(height, width) < smallest)
    throw problem(name, `images must be at least ${smallest} pixels high and wide`, [height, width], 'enlarge them');
  return pair;
}

function clamped(name: string, images: NdArray): NdArray {
  const each = pictures(name, images);
  const data = new Float32Array(images.data.length);
  each.forEach((picture, i) => {
    data.set(picture.data, i * picture.data.length);
  });
  return { shape: images.shape, data };
}
