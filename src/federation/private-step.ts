import type { ClientPrivacy, Model, NdArray } from '../core/types.js';
import { clippedGradients } from './private-gradient.js';
import { noiseDeviations, noiseStream } from './private-noise.js';
import { isAccounted, mechanismOf } from './private-settings.js';

/** One private step of plain SGD after the other. Dispose it when done. */
export interface PrivateStep {
  /** w - rate (sum of clipped gradients + noise) / batchSize, and the sum of the losses; `targets` are [n, classes]. */
  readonly run: (
    weights: readonly NdArray[],
    images: NdArray,
    targets: NdArray,
    rate: number,
    seed: number,
  ) => Promise<{ weights: Float32Array[]; loss: number }>;
  readonly engine: string;
  readonly dispose: () => void;
}

/** Examples of one compiled private step: their errors and small tensors' gradients are held together. */
const MOST_AT_ONCE = 64;

/**
 * A step of a mechanism, compiled.
 * @param batchSize what the sum is divided by, whatever the number of images drawn
 */
export async function privateStep(
  model: Model,
  privacy: ClientPrivacy,
  { batchSize, threads }: { readonly batchSize: number; readonly threads?: number },
): Promise<PrivateStep> {
  const mechanism = mechanismOf(privacy);
  const { clip, scope, noise, exemptFirst } = mechanism;
  const entries = model.parameters.map(({ data }) => data.length);
  // a Poisson sample is larger than expected now and then: most fit in one run with some room
  const group = isAccounted(privacy) ? Math.ceil(batchSize + Math.sqrt(batchSize)) : batchSize;
  const clipped = await clippedGradients(model, { scope, group: Math.min(group, MOST_AT_ONCE), threads });
  const run: PrivateStep['run'] = async (weights, images, targets, rate, seed) => {
    const count = targets.shape[0]!;
    const exempt = exemptFirst ? Math.min(1, count) : 0;
    const { sum, powers, loss } = await clipped.run(weights, images, targets, clip, exempt);
    const deviations = noiseDeviations(mechanism, { powers, noisy: count - exempt, entries });
    const { stepTo } = noiseStream(noise, seed);
    // the sums are this step's own: they become the weights
    for (const [k, g] of sum.entries()) stepTo(g, weights[k]!.data, rate / batchSize, deviations[k]!);
    return { weights: sum, loss };
  };
  return { run, engine: clipped.engine, dispose: clipped.dispose };
}
