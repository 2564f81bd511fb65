export { type Reliability, reliability } from './calibration.js';
export { type Case, observeCase } from './case.js';
export { budgetSweep, type DpResult, dpStudy, leakageOf } from './dp/index.js';
export { type FederateOptions, federate } from './federate.js';
export { type LabelOutcome, type LabelTrial, labelAccuracy, labelStudy } from './label-study.js';
export { type Restorable, restoreAll } from './restore-all.js';
export { type SemanticResults, semanticResults, semanticText } from './rogs/rogs-results.js';
export {
  SEMANTIC_METHODS,
  SEMANTIC_SETTINGS,
  type SemanticMethod,
  type SemanticRow,
  type SemanticSettingName,
  type SemanticStudyOptions,
  semanticStudy,
} from './rogs/rogs-study.js';
export { type SettingSummary, semanticSummary } from './rogs/rogs-summary.js';
export { type SemanticScores, semanticScores } from './rogs/semantic-scores.js';
export { liveScores, matched, score } from './score.js';
export { SOTERIA_TABLE, type SoteriaOptions, soteria } from './soteria.js';
export { type Failure, type Outcome, study, type Trial, type Waypoint } from './study.js';
export { type AttackOutcome, attackAll, type PoolOptions } from './worker-pool.js';
