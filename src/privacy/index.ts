export {
  type BudgetOptions,
  type Conversion,
  type NoiseForOptions,
  noiseFor,
  type PrivacyBudget,
  privacyBudget,
} from './budget.js';
export { cramerRao, type Information, psnrOf, spectralCramerRao } from './cramer-rao.js';
export {
  type GaussianMuOptions,
  gaussianDelta,
  gaussianEpsilon,
  gaussianMu,
  gaussianMuOf,
  releasesMu,
  type Sampling,
} from './gaussian-dp.js';
export { normalCdf, normalQuantile } from './normal-law.js';
export { renyiDivergence, type SampledGaussian } from './renyi.js';
export {
  type DpSgdOptions,
  type DpSgdRobustness,
  dpSgdRobustness,
  type RobustnessOptions,
  renyiGamma,
  renyiRobustness,
  robustness,
} from './robustness.js';
export {
  budgetTradeOff,
  type Composition,
  composition,
  discreteTradeOff,
  gaussianTradeOff,
  type OutputPair,
  type TernaryOptions,
  type TradeOff,
  ternaryPair,
  ternaryTradeOff,
} from './trade-off.js';
