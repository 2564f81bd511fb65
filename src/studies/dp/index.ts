export { type BudgetPoint, type BudgetSweep, budgetSweep, multiplierOf, snrOf } from './budgets.js';
export { type Defence, type Leakage, leakageOf, type VictimPlan, victimsOf } from './leakage.js';
export { DP_PROFILES, type DpProfile, type DpProfileName, type DpRow } from './rows.js';
export { type DpResult, type DpStudyOptions, dpBudgets, dpFinished, dpStudy, keptBudgets } from './study.js';
