/** Audits: your own network, weights and settings in, a verdict out. */
export { audit, auditPage, checkClient, verdictOf } from '../audit/index.js';
