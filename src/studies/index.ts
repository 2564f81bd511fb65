export { type Reliability, reliability } from './calibration.js';
export { type Case, observeCase } from './case.js';
export { budgetSweep, type DpResult, dpStudy, leakageOf } from './dp/index.js';
export { type FederateOptions, federate } from './federate.js';
export { drawSamples, rebuildImages } from './generator-quality.js';
export { type LabelOutcome, type LabelTrial, labelAccuracy, labelStudy } from './label-study.js';
export { type AttackOutcome, attackAll, type PoolOptions } from './pool.js';
export { liveScores, matched, score } from './score.js';
export {
  SEMANTIC_METHODS,
  SEMANTIC_SETTINGS,
  type SemanticMethod,
  type SemanticRow,
  type SemanticSettingName,
  type SemanticStudyOptions,
  semanticStudy,
} from './semantic.js';
export { semanticResults } from './semantic-results.js';
export { type SemanticScores, semanticScores } from './semantic-scores.js';
export { type SettingSummary, semanticSummary } from './semantic-summary.js';
export { type SoteriaOptions, soteria } from './soteria.js';
export { type Failure, type Outcome, study, type Trial, type Waypoint } from './study.js';
