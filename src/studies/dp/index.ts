export { type BudgetPoint, type BudgetSweep, budgetSweep, multiplierOf, snrOf } from './budgets.js';
export { DP_PROFILES, type DpProfile, type DpProfileName, type DpRow } from './dp-rows.js';
export { type DpStudyOptions, dpBudgets, dpStudy } from './dp-study.js';
export { type DpFailure, type DpResult, dpFailed, dpFinished, keptBudgets } from './kept-rows.js';
export { type Defence, type Leakage, leakageOf, type VictimPlan, victimsOf } from './leakage.js';
