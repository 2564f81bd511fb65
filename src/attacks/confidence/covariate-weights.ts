/**
 * Weights of expectedSsim(), by covariate: written by `npm run quality -- --calibrate`, from
 * data/results/confidence.json.
 */
export const WEIGHTS = {
  one: -1.57298,
  left: -0.244651,
  logLeft: -0.330276,
  coarse: -0.391909,
  detail: -0.0771342,
  bits: 0.318792,
  explainedBits: 0.194892,
  logImages: 0.200394,
  repeated: -0.712592,
  logTensors: -0.624476,
  solved: 0.350011,
  several: -0.0618896,
  logRoughness: -0.617716,
  logRoughnessSquared: -0.12131,
  grain: 2.56708,
  grainSquared: -0.696464,
  grainBits: -0.205641,
  logContrast: 0.184454,
};
