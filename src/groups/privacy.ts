/** What noise guarantees: budgets, trade-off functions, bounds on reconstruction. */
export { ternaryEpsilon } from '../obfuscation/index.js';
export {
  budgetTradeOff,
  composition,
  cramerRao,
  discreteTradeOff,
  dpSgdRobustness,
  gaussianDelta,
  gaussianEpsilon,
  gaussianMu,
  gaussianMuOf,
  gaussianTradeOff,
  noiseFor,
  privacyBudget,
  releasesMu,
  renyiDivergence,
  renyiRobustness,
  robustness,
  spectralCramerRao,
  ternaryPair,
  ternaryTradeOff,
} from '../privacy/index.js';
