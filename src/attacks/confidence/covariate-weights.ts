/**
 * Weights of expectedSsim(), by covariate: written by `npm run quality -- --calibrate`, from
 * data/results/confidence.json.
 */
export const WEIGHTS = {
  one: -2.68689,
  left: -0.220745,
  logLeft: -0.43562,
  coarse: -0.241245,
  detail: 0.0710932,
  bits: 0.382875,
  explainedBits: 0.156534,
  logImages: 0.142283,
  repeated: -0.694972,
  logTensors: -0.557921,
  solved: 0.301267,
  decided: 0.522098,
  decidedExplained: -2.17547,
  decidedBits: -0.0973163,
  several: 0.160779,
  logRoughness: -0.447118,
  logRoughnessSquared: -0.0968432,
  grain: 5.40615,
  grainSquared: -2.4379,
  grainBits: -0.271471,
  logContrast: 0.278945,
};
