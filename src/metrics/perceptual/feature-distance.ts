import { checkOptions } from '../../core/options.js';
import type { Model, NdArray } from '../../core/types.js';
import { shippedModel, trunkMinimum, trunkStages } from '../../models/index.js';
import { type DistanceFunction, distanceFunction, measure, type Perceptual } from './perceptual.js';

/** Options of {@link featureDistance}. */
export interface FeatureDistanceOptions {
  /** A trunk, see `trunk()`; default the shipped one. */
  readonly trunk?: Model;
}

/**
 * featureDistance = sum over stages of mean over (h, w) of sum_c (f_c / |f| - g_c / |g|)^2, f and g the activations of
 * a small network trained by this project on CIFAR-10's training images. Lower is better: equal pictures have 0,
 * CIFAR-10 images beside another image of the set 7.1 on average; blurred by sigma 1.2 3.0, as JPEG of quality 25 0.9,
 * shifted by a pixel 1.0.
 *
 * The "baseline" (uncalibrated) variant of Zhang et al. 2018 on another network, on a scale of its own: its numbers
 * must not be compared with a paper's LPIPS. Over blur, noise, JPEG, shift and wrong images it ranks much as SSIM does
 * (a test); against LPIPS it has not been ranked, for want of the official weights where this was written. Needs no
 * download. x and y: [n, height, width, 3] in [0, 1] (clamped), any size from 16 x 16 on.
 * @throws shapes that differ, NaN, images that are too small or not RGB; damaged weights
 * @example await rog.metrics.featureDistance(batch.images, result.images) // [0.42, 0.77]
 */
export async function featureDistance(x: NdArray, y: NdArray, options: FeatureDistanceOptions = {}): Promise<number[]> {
  checkOptions('featureDistance', options, ['trunk']);
  const found = await measure(await network(options.trunk), x, y, { perLayer: false, spatial: false });
  return found.map(([sum]) => sum!.data[0]!);
}

/** {@link featureDistance} for use inside a step, see `lpipsFunction`. */
export async function featureDistanceFunction(options: FeatureDistanceOptions = {}): Promise<DistanceFunction> {
  checkOptions('featureDistanceFunction', options, ['trunk']);
  return distanceFunction(await network(options.trunk));
}

const networks = new WeakMap<Model, Perceptual>();

async function network(given?: Model): Promise<Perceptual> {
  const model = given ?? (await shippedModel('trunk'));
  const known = networks.get(model) ?? perceptual(model);
  networks.set(model, known);
  return known;
}

const perceptual = (model: Model): Perceptual => ({
  name: 'featureDistance',
  smallest: trunkMinimum(model),
  parameters: model.parameters,
  calibrated: 0,
  features: trunkStages(model),
});
