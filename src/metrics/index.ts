export { confidenceInterval, type Interval, shareInterval } from './confidence-interval.js';
export { frechetDistance } from './frechet.js';
export { globalSsim } from './global-ssim.js';
export { imageMetrics, type ScoreOptions, score } from './image-scores.js';
export { match } from './match.js';
export { mse } from './mse.js';
export type { ImageMetric } from './per-image.js';
export {
  type DistanceFunction,
  type FeatureDistanceOptions,
  featureDistance,
  featureDistanceFunction,
  type LpipsOptions,
  type LpipsWeights,
  lpips,
  lpipsFunction,
} from './perceptual/index.js';
export { psnr } from './psnr.js';
export { retrievalRank, taggerFeatures } from './retrieval.js';
export { ssim } from './ssim.js';
export { METRICS, type MetricName, SCORE_NOTE, type Summary, scoreColumns, summary } from './summary.js';
export { agreement, jaccard, type LabelSet, shippedTagger, type Tagger, type TaggerOptions } from './tag-agreement.js';
