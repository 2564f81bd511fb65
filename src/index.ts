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

// data, and files of others: tensors of PyTorch, numpy and safetensors
export { loadTensors } from './assets/index.js';
export { type BatchOptions, type Dataset, type DatasetOptions, openDataset } from './data/index.js';

// models
export { alexnet, forward, lenet, lenet5, loadNetwork, loadWeights, mobilenetV2 } from './models/index.js';
export { network, paperResnet18, precode, resnet18, resnet34, saveWeights, shippedCard } from './models/index.js';
export { shippedGenerator, shippedModel, tagger, trunk, trunkStages, twoLayer, vgg11 } from './models/index.js';
export { drawSamples, rebuildImages, vgg7, vit, withModes } from './models/index.js';

// federation: the client, what the server sees, the server
export { applyUpdate, averageUpdates, clientUpdate, localSteps, observe } from './federation/index.js';
export { type BatchNormThreat, batchNormThreat, observeSum, partition, updateFrom } from './federation/index.js';

// privacy: what noise guarantees
export { noiseFor, privacyBudget, releasesMu, renyiDivergence, renyiRobustness } from './privacy/index.js';
export { cramerRao, gaussianDelta, gaussianEpsilon, gaussianMu, gaussianMuOf } from './privacy/index.js';
export { budgetTradeOff, composition, discreteTradeOff, gaussianTradeOff, ternaryTradeOff } from './privacy/index.js';
export { dpSgdRobustness, robustness, spectralCramerRao, ternaryPair } from './privacy/index.js';
export { bayesianBound, inversionInfluence, updateJacobian } from './bounds/index.js';

// training: any loss on compiled steps, resumable to the bit; classifiers
export { adam, cosineDecay, fit, oneCycle, sgd, steady, testAccuracy, trainClassifier } from './training/index.js';
export type { FitOptions, FitProgress, Fitted, Losses, TrainingData } from './training/index.js';

// obfuscation: phi
export { bf16, blockwiseQuantizer, clip, compose, errorFeedback, fp16, gaussianNoise } from './obfuscation/index.js';
export { kmeansCodebook, laplaceNoise, none, obfuscation, parseObfuscation, warmStart } from './obfuscation/index.js';
export { partialUpdate, percentileClip, powerSgd, privateTernary, qsgd, randomMask } from './obfuscation/index.js';
export { remembered, sign, sparseTernary, ternaryEpsilon, topK, uniformQuantizer } from './obfuscation/index.js';

// attacks: an observation in, a reconstruction out
export { analytic, closedForm, closedFormStages, dlg, expectedSsim, gradInversion, idlg } from './attacks/index.js';
export { inferLabels, invertingGradients, type RestoreOptions, restore, throughBottleneck } from './attacks/index.js';
export { type RogOptions, type RogsOptions, rog, rogs, rogSteps, rogsSteps } from './attacks/index.js';
export { ATTACKS, NEEDS } from './registry/index.js';

// the same by group: rog.phi.topK, rog.attacks.dlg, rog.metrics.ssim, rog.train.fit, rog.privacy.noiseFor, rog.nets.vit
export { attacks, metrics, nets, phi, privacy, train } from './groups/index.js';

// metrics: arrays in, one number per image out
export { confidenceInterval, globalSsim, match, mse, psnr, ssim, summary } from './metrics/index.js';
export { featureDistance, featureDistanceFunction, lpips, lpipsFunction } from './metrics/index.js';
export { frechetDistance, retrievalRank, taggerFeatures } from './metrics/index.js';
export { agreement, jaccard, METRICS, SCORE_NOTE, scoreColumns, shippedTagger, type Tagger } from './metrics/index.js';

// studies: truth meets reconstruction; federated training
export { budgetSweep, type DpResult, dpStudy, type FederateOptions, federate, leakageOf } from './studies/index.js';
export { reliability, semanticResults, semanticScores, semanticSummary } from './studies/index.js';
export { attackAll, type Case, labelAccuracy, labelStudy, liveScores, matched } from './studies/index.js';
export { type Outcome, observeCase, restoreAll, score, soteria, study, type Trial } from './studies/index.js';

// audit: your own network, weights and settings in, a verdict out
export { type AuditConfig, type AuditResult, audit, auditPage, checkClient, verdictOf } from './audit/index.js';
export { predictionChart, robustnessChart, tradeOffChart } from './audit/index.js';

// sweeps: grids of attacks on one machine or many, with results that last
export { bootstrapInterval, defineSweep, type Sweep, sweep, sweepTable } from './sweeps/index.js';
export type { BootstrapInterval, BootstrapOptions, SweepDefinition, SweepOptions, SweepTable } from './sweeps/index.js';

// figures and report: what a person sees, also straight from the outcomes of a study
export { imageRows, plusMinus, scoreCurves, scoreGrid, scoreTable } from './figures/index.js';
export { banded, counter, imageGrid, imageGridPng, imagePng, type Layout, plotSvg, table } from './report/index.js';
export { note, plot, profile, profileName, progress, tableText, type Trace, trainingProgress } from './report/index.js';
