export { type AuditResult, audit } from './audit.js';
export type { AuditRow } from './audit-rows.js';
export type { AuditBound, AuditPrivacy } from './bounds.js';
export { type ClientCheck, type ClientRound, checkClient, type TensorCheck } from './client/check.js';
export { type Audit, type AuditConfig, parseThreshold, readConfig, type Threshold } from './config.js';
export { type Chart, predictionChart, robustnessChart, tradeOffChart } from './notion-charts.js';
export { auditPage } from './page.js';
export type { AuditOptions } from './run-cells.js';
export { type PhiVerdict, type Verdict, verdictOf } from './verdict.js';
