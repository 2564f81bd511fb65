export { confidenceInterval, type Interval } from './confidence.js';
export { globalSsim } from './global-ssim.js';
export { match } from './match.js';
export { mse } from './mse.js';
export type { ImageMetric } from './pairs.js';
export { psnr } from './psnr.js';
export { imageMetrics, type MetricName, type ScoreOptions, score, summary } from './score.js';
export { ssim } from './ssim.js';
