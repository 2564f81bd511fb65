export type { BudgetOptions, Conversion, NoiseForOptions, PrivacyBudget } from './budget.js';
export { noiseFor, privacyBudget } from './budget.js';
export { cramerRao, type Information, psnrOf, spectralCramerRao } from './cramer-rao.js';
export type { GaussianMuOptions, Sampling } from './gaussian-dp.js';
export { gaussianDelta, gaussianEpsilon, gaussianMu, gaussianMuOf, releasesMu } from './gaussian-dp.js';
export { normalCdf, normalQuantile } from './normal-law.js';
export { renyiDivergence, type SampledGaussian } from './renyi.js';
export type { DpSgdOptions, DpSgdRobustness, RobustnessOptions } from './robustness.js';
export { dpSgdRobustness, renyiGamma, renyiRobustness, robustness } from './robustness.js';
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
