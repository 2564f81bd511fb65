import { sizeOf } from '../core/arrays.js';
import { problem } from '../core/errors.js';
import { checkOptions, oneOf } from '../core/options.js';
import type { NdArray, Scores } from '../core/types.js';
import { globalSsim } from './global-ssim.js';
import { match } from './match.js';
import { mse, squaredError } from './mse.js';
import { checkImageShapes, type ImageMetric, pictures } from './per-image.js';
import { featureDistance } from './perceptual/feature-distance.js';
import { hasOfficialLpips, lpips, smallestFor, type TrunkName } from './perceptual/index.js';
import { psnr } from './psnr.js';
import { ssim } from './ssim.js';
import { agreement, jaccard, shippedTagger, type Tagger } from './tag-agreement.js';

/** The metrics that are formulas: functions of two batches, without a network. */
export const imageMetrics = { mse, psnr, ssim, globalSsim } satisfies Record<string, ImageMetric>;

/** Options of {@link score}. */
export interface ScoreOptions {
  /** 'optimal' (default): reconstructions are assigned to images so that the sum of mse is least; 'none': in order. */
  readonly match?: 'optimal' | 'none';
  /**
   * LPIPS with this network: the official weights are downloaded if they are not in the cache, and it is an error when
   * they cannot be had. 'auto' (default): with AlexNet when its weights are in the cache. false: never.
   */
  readonly lpips?: TrunkName | 'auto' | false;
  /** Who says what is to be seen, for agreement and jaccard; default `shippedTagger()`. */
  readonly tagger?: Tagger;
}

const LPIPS = ['auto', 'alex', 'squeeze', 'vgg'] as const;

/**
 * Every metric of every private image against the reconstruction assigned to it: one assignment, by mse, for all.
 *
 * `truth` and `reconstruction` are [n, height, width, channels], clamped to [0, 1] alike. An attack does not know the
 * order of a batch, hence the matching; with one image per label it may be switched off. A network's score is NaN where
 * the network does not apply: fewer than 16 x 16 pixels, or no RGB.
 * @throws shapes that differ; an empty batch; NaN; unknown options; `lpips` asked for without weights
 * @example (await score(batch.images, result.images)).psnr // [19.2, 21.5]
 */
export async function score(truth: NdArray, reconstruction: NdArray, options: ScoreOptions = {}): Promise<Scores> {
  checkOptions('score', options, ['match', 'lpips', 'tagger']);
  const how = oneOf('score', 'match', options.match ?? 'optimal', ['optimal', 'none'] as const);
  if (options.lpips !== false) oneOf('score', 'lpips', options.lpips ?? 'auto', LPIPS);
  checkImageShapes('score', truth, reconstruction);
  const [a, b] = [pictures('score', truth), pictures('score', reconstruction)];
  if (a.length === 0 || a.length !== b.length)
    throw problem('score', 'there must be one reconstruction per private image, and one image at least', [
      a.length,
      b.length,
    ]);
  const order = how === 'none' ? a.map((_, i) => i) : match(a.map((x) => b.map((y) => squaredError(x, y))));
  const matched = pick(reconstruction, order);
  return {
    match: order,
    mse: mse(truth, matched),
    psnr: psnr(truth, matched),
    ssim: ssim(truth, matched),
    globalSsim: globalSsim(truth, matched),
    ...(await networkScores(truth, matched, options)),
  };
}

type NetworkScores = Pick<Scores, 'featureDistance' | 'agreement' | 'jaccard' | 'lpips'>;

async function networkScores(truth: NdArray, matched: NdArray, options: ScoreOptions): Promise<NetworkScores> {
  const [count, height, width, channels] = truth.shape as [number, number, number, number];
  const side = channels === 3 ? Math.min(height, width) : 0;
  const none = (): number[] => new Array<number>(count).fill(Number.NaN);
  const tagger = options.tagger ?? (side >= SMALLEST ? shippedTagger() : undefined);
  const [seen, found] = tagger ? [await tagger(truth), await tagger(matched)] : [];
  const net = await lpipsNetwork(options.lpips ?? 'auto', side);
  return {
    featureDistance: side >= SMALLEST ? await featureDistance(truth, matched) : none(),
    agreement: seen ? agreement(seen, found!) : none(),
    jaccard: seen ? jaccard(seen, found!) : none(),
    ...(net && { lpips: await lpips(truth, matched, { net }) }),
  };
}

/** Below, the shipped networks see nothing. */
const SMALLEST = 16;

async function lpipsNetwork(wanted: TrunkName | 'auto' | false, side: number): Promise<TrunkName | undefined> {
  if (wanted !== 'auto') return wanted || undefined;
  return side >= smallestFor('alex') && (await hasOfficialLpips('alex')) ? 'alex' : undefined;
}

/** Images of a batch in a given order. */
function pick(images: NdArray, order: readonly number[]): NdArray {
  const size = sizeOf(images.shape.slice(1));
  const data = new Float32Array(order.length * size);
  order.forEach((from, to) => {
    data.set(images.data.subarray(from * size, (from + 1) * size), to * size);
  });
  return { shape: [order.length, ...images.shape.slice(1)], data };
}
