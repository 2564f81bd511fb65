export { type FeatureDistanceOptions, featureDistance, featureDistanceFunction } from './feature-distance.js';
export { type LpipsOptions, lpips, lpipsFunction } from './lpips.js';
export { hasOfficialWeights as hasOfficialLpips, type LpipsWeights } from './lpips-weights.js';
export type { DistanceFunction } from './perceptual.js';
export { smallestFor, type TrunkName } from './trunks.js';
