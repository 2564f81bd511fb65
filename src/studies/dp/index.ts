export { type BudgetPoint, type BudgetSweep, budgetSweep, multiplierOf, snrOf } from './budgets.js';
export type { DpProfile, DpRow } from './dp-row.js';
export { DP_PROFILES, type DpProfileName } from './dp-rows.js';
export { type DpStudyOptions, dpBudgets, dpStudy } from './dp-study.js';
export { adoptRows, type DpFailure, type DpResult, dpFailed, dpFinished, keptBudgets } from './kept-rows.js';
export { type Defence, type Leakage, leakageOf, type VictimPlan, victimsOf } from './leakage.js';
export { ROW_SETS } from './step-rows.js';
