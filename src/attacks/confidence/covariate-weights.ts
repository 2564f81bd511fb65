/**
 * Weights of expectedSsim(), by covariate: written by `npm run quality -- --calibrate`, from
 * data/results/confidence.json.
 */
export const WEIGHTS = {
  one: -4.10994,
  left: -0.178281,
  logLeft: -0.286618,
  coarse: -0.414542,
  detail: -0.354651,
  bits: 0.406836,
  explainedBits: 0.271965,
  logImages: 0.237667,
  repeated: -0.681993,
  several: 0.00527881,
  logRoughness: -0.702803,
  logRoughnessSquared: -0.147016,
  grain: 2.67085,
  grainSquared: -0.704115,
  grainBits: -0.32342,
  logContrast: 0.056202,
};
