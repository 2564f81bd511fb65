/**
 * roglab: how much of a client's private images a federated-learning server can rebuild from an obfuscated update.
 * The flow stands here by name, from top to bottom; everything by subject in the groups.
 */

// nouns: plain data
export type * from './core/types.js';

// dataset -> model -> client update -> obfuscation -> observation -> attack -> scores -> figure
export { type Session, type StartOptions, type Step, start, tf } from './engine/index.js';
export { type BatchOptions, type Dataset, type DatasetOptions, openDataset } from './data/index.js';
export { imageAt, ndarray, stackImages } from './core/arrays.js';
export { lenet, loadNetwork, loadWeights, network } from './models/index.js';
export { type BatchNormThreat, clientUpdate, observe, updateFrom } from './federation/index.js';
export { uniformQuantizer } from './obfuscation/index.js';
export { type RestoreOptions, type RogOptions, type RogsOptions, rog } from './attacks/index.js';
export type { Case, DpResult, FederateOptions, Outcome, Trial } from './studies/index.js';
export { attackAll, federate, matched, score, study } from './studies/index.js';
export { summary, type Tagger } from './metrics/index.js';
export { counter, imageGrid, type Layout, note, plot, profile, progress, table, type Trace } from './report/index.js';

// your own: network, weights and settings in, a verdict out; grids of attacks
export { type AuditConfig, type AuditResult, audit, checkClient } from './audit/index.js';
export { type Sweep, type SweepDefinition, type SweepOptions, type SweepTable, sweep } from './sweeps/index.js';
export type { BootstrapInterval, BootstrapOptions } from './sweeps/index.js';
export type { FitOptions, FitProgress, Fitted, Losses, TrainingData } from './training/index.js';

// by subject: rog.phi.topK, rog.attacks.dlg, rog.metrics.ssim ...
export * from './groups/index.js';
