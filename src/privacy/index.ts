export {
  type BudgetOptions,
  type Conversion,
  type NoiseForOptions,
  noiseFor,
  type PrivacyBudget,
  privacyBudget,
} from './budget.js';
export { renyiDivergence, type SampledGaussian } from './renyi.js';
