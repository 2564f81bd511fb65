export { type Case, observeCase } from './case.js';
export { budgetSweep, type DpResult, dpStudy, leakageOf } from './dp/index.js';
export { type FederateOptions, federate } from './federate.js';
export { type LabelOutcome, type LabelTrial, labelAccuracy, labelStudy } from './label-study.js';
export { attackAll, type PoolOptions } from './pool.js';
export { liveScores, matched, score } from './score.js';
export { type Outcome, study, type Trial, type Waypoint } from './study.js';
