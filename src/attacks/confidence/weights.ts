/**
 * Weights of expectedSsim(), by covariate: written by `npm run quality -- --calibrate`, from
 * data/results/confidence.json.
 */
export const WEIGHTS = {
  one: -3.91307,
  left: -0.201764,
  logLeft: -0.272603,
  coarse: -0.483404,
  detail: -0.376795,
  bits: 0.390611,
  explainedBits: 0.2707,
  logImages: 0.202474,
  repeated: -0.664698,
  several: -0.0398071,
  logRoughness: -0.692121,
  logRoughnessSquared: -0.147811,
  grain: 2.58697,
  grainSquared: -0.673225,
  grainBits: -0.31955,
  logContrast: 0.0220957,
};
