/** Metrics: pictures in, one number per picture or set out. */
export {
  agreement,
  confidenceInterval,
  featureDistance,
  frechetDistance,
  globalSsim,
  jaccard,
  lpips,
  match,
  mse,
  psnr,
  retrievalRank,
  ssim,
  summary,
} from '../metrics/index.js';
