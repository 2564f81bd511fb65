/**
 * roglab: how much of a client's private images a federated-learning server can rebuild from an obfuscated update.
 * Read from top to bottom: dataset -> model -> client update -> obfuscation -> observation -> attack -> scores -> figure.
 */

// nouns: plain data
export type * from './core/types.js';
export { imageAt, ndarray, stackImages } from './core/arrays.js';
export { normalStream, permutation, uniformStream } from './core/random.js';
export { resample } from './core/resample.js';

// engine: tensorflow.js, and steps compiled from it
export { backends, compile, providers, type Session, type StartOptions, type Step, start, tf } from './engine/index.js';

// files of others: tensors of PyTorch, numpy and safetensors
export { loadTensors } from './assets/index.js';

// data
export { type BatchOptions, type Dataset, type DatasetOptions, openDataset } from './data/index.js';

// models
export { forward, lenet, lenet5, loadNetwork, loadWeights, network, saveWeights } from './models/index.js';
export { paperResnet18, shippedCard, shippedGenerator, shippedModel, tagger } from './models/index.js';
export { alexnet, mobilenetV2, resnet18, resnet34, twoLayer, vgg7, vgg11, vit, withModes } from './models/index.js';
export { trunk, trunkStages } from './models/index.js';

// federation: the client, what the server sees, the server
export { applyUpdate, averageUpdates, clientUpdate, localSteps } from './federation/index.js';
export { observe, partition, updateFrom } from './federation/index.js';
export { type BatchNormThreat, batchNormThreat } from './federation/index.js';

// privacy: what noise guarantees
export { noiseFor, privacyBudget, renyiDivergence } from './privacy/index.js';

// training: any loss on compiled steps, resumable to the bit; classifiers
export { adam, cosineDecay, fit, oneCycle, sgd, steady, testAccuracy, trainClassifier } from './training/index.js';
export type { FitOptions, FitProgress, Fitted, Losses, TrainingData } from './training/index.js';

// obfuscation: phi
export { clip, compose, gaussianNoise, laplaceNoise, none, obfuscation } from './obfuscation/index.js';
export { parseObfuscation, qsgd, sign, topK, uniformQuantizer } from './obfuscation/index.js';

// attacks: an observation in, a reconstruction out
export { analytic, closedForm, closedFormStages, dlg, gradInversion, idlg } from './attacks/index.js';
export { inferLabels, invertingGradients, type RestoreOptions, restore } from './attacks/index.js';
export { type RogOptions, rog, rogSteps } from './attacks/index.js';
export { type RogsOptions, rogs, rogsSteps } from './attacks/index.js';

// all attacks by name, and what each needs of an observation
export { ATTACKS, NEEDS } from './registry/index.js';

// metrics: arrays in, one number per image out
export { confidenceInterval, globalSsim, match, mse, psnr, ssim, summary } from './metrics/index.js';
export { featureDistance, featureDistanceFunction, lpips, lpipsFunction } from './metrics/index.js';
export { frechetDistance, retrievalRank, taggerFeatures } from './metrics/index.js';
export { agreement, jaccard, METRICS, SCORE_NOTE, scoreColumns, shippedTagger, type Tagger } from './metrics/index.js';

// studies: truth meets reconstruction; federated training
export { budgetSweep, type DpResult, dpStudy, type FederateOptions, federate, leakageOf } from './studies/index.js';
export { drawSamples, rebuildImages, semanticResults, semanticScores, semanticSummary } from './studies/index.js';
export { attackAll, type Case, labelAccuracy, labelStudy, liveScores, matched } from './studies/index.js';
export { type Outcome, observeCase, score, study, type Trial } from './studies/index.js';

// audit: your own network, weights and settings in, a verdict out
export { type AuditConfig, type AuditResult, audit, auditPage, checkClient, verdictOf } from './audit/index.js';

// sweeps: grids of attacks on one machine or many, with results that last
export { bootstrapInterval, defineSweep, type Sweep, sweep, sweepTable } from './sweeps/index.js';
export type { BootstrapInterval, BootstrapOptions, SweepDefinition, SweepOptions, SweepTable } from './sweeps/index.js';

// figures: tables, grids and curves straight from the outcomes of a study
export { imageRows, plusMinus, scoreCurves, scoreGrid, scoreTable } from './figures/index.js';

// report: what a person sees
export { banded, counter, imageGrid, imageGridPng, imagePng, note, plot, plotSvg } from './report/index.js';
export { profile, profileName, progress, table, tableText, trainingProgress } from './report/index.js';
export type { Layout, Trace } from './report/index.js';
