export { type FeatureDistanceOptions, featureDistance, featureDistanceFunction } from './feature-distance.js';
export { type LpipsOptions, lpips, lpipsFunction } from './lpips.js';
export type { DistanceFunction } from './perceptual.js';
export { smallestFor, type TrunkName } from './trunks.js';
export { hasOfficialWeights as hasOfficialLpips, type LpipsWeights } from './weights.js';
