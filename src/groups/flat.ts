/** The names that stood at the root before the groups, for one version more. */
export {
  /** @deprecated use rog.data.loadTensors; removed in 0.6 */ loadTensors,
} from '../assets/index.js';
export {
  /** @deprecated use rog.attacks.analytic; removed in 0.6 */ analytic,
  /** @deprecated use rog.attacks.closedForm; removed in 0.6 */ closedForm,
  /** @deprecated use rog.attacks.closedFormStages; removed in 0.6 */ closedFormStages,
  /** @deprecated use rog.attacks.dlg; removed in 0.6 */ dlg,
  /** @deprecated use rog.attacks.gradInversion; removed in 0.6 */ gradInversion,
  /** @deprecated use rog.attacks.idlg; removed in 0.6 */ idlg,
  /** @deprecated use rog.attacks.inferLabels; removed in 0.6 */ inferLabels,
  /** @deprecated use rog.attacks.invertingGradients; removed in 0.6 */ invertingGradients,
  /** @deprecated use rog.attacks.restore; removed in 0.6 */ restore,
  /** @deprecated use rog.attacks.rogSteps; removed in 0.6 */ rogSteps,
  /** @deprecated use rog.attacks.rogs; removed in 0.6 */ rogs,
  /** @deprecated use rog.attacks.rogsSteps; removed in 0.6 */ rogsSteps,
} from '../attacks/index.js';
export {
  /** @deprecated use rog.audits.auditPage; removed in 0.6 */ auditPage,
  /** @deprecated use rog.charts.predictionChart; removed in 0.6 */ predictionChart,
  /** @deprecated use rog.charts.robustnessChart; removed in 0.6 */ robustnessChart,
  /** @deprecated use rog.charts.tradeOffChart; removed in 0.6 */ tradeOffChart,
  /** @deprecated use rog.audits.verdictOf; removed in 0.6 */ verdictOf,
} from '../audit/index.js';
export {
  /** @deprecated use rog.bounds.bayesianBound; removed in 0.6 */ bayesianBound,
  /** @deprecated use rog.bounds.inversionInfluence; removed in 0.6 */ inversionInfluence,
  /** @deprecated use rog.bounds.updateJacobian; removed in 0.6 */ updateJacobian,
} from '../bounds/index.js';
export {
  /** @deprecated use rog.data.normalStream; removed in 0.6 */ normalStream,
  /** @deprecated use rog.data.permutation; removed in 0.6 */ permutation,
  /** @deprecated use rog.data.uniformStream; removed in 0.6 */ uniformStream,
} from '../core/random.js';
export {
  /** @deprecated use rog.data.resample; removed in 0.6 */ resample,
} from '../core/resample.js';
export {
  /** @deprecated use rog.engine.backends; removed in 0.6 */ backends,
  /** @deprecated use rog.engine.compile; removed in 0.6 */ compile,
  /** @deprecated use rog.engine.providers; removed in 0.6 */ providers,
} from '../engine/index.js';
export {
  /** @deprecated use rog.federation.applyUpdate; removed in 0.6 */ applyUpdate,
  /** @deprecated use rog.federation.averageUpdates; removed in 0.6 */ averageUpdates,
  /** @deprecated use rog.federation.batchNormThreat; removed in 0.6 */ batchNormThreat,
  /** @deprecated use rog.federation.localSteps; removed in 0.6 */ localSteps,
  /** @deprecated use rog.federation.partition; removed in 0.6 */ partition,
} from '../federation/index.js';
export {
  /** @deprecated use rog.charts.imageRows; removed in 0.6 */ imageRows,
  /** @deprecated use rog.charts.plusMinus; removed in 0.6 */ plusMinus,
  /** @deprecated use rog.charts.scoreCurves; removed in 0.6 */ scoreCurves,
  /** @deprecated use rog.charts.scoreGrid; removed in 0.6 */ scoreGrid,
  /** @deprecated use rog.charts.scoreTable; removed in 0.6 */ scoreTable,
} from '../figures/index.js';
export {
  /** @deprecated use rog.metrics.agreement; removed in 0.6 */ agreement,
  /** @deprecated use rog.metrics.confidenceInterval; removed in 0.6 */ confidenceInterval,
  /** @deprecated use rog.metrics.featureDistance; removed in 0.6 */ featureDistance,
  /** @deprecated use rog.metrics.featureDistanceFunction; removed in 0.6 */ featureDistanceFunction,
  /** @deprecated use rog.metrics.frechetDistance; removed in 0.6 */ frechetDistance,
  /** @deprecated use rog.metrics.globalSsim; removed in 0.6 */ globalSsim,
  /** @deprecated use rog.metrics.jaccard; removed in 0.6 */ jaccard,
  /** @deprecated use rog.metrics.lpips; removed in 0.6 */ lpips,
  /** @deprecated use rog.metrics.lpipsFunction; removed in 0.6 */ lpipsFunction,
  /** @deprecated use rog.metrics.METRICS; removed in 0.6 */ METRICS,
  /** @deprecated use rog.metrics.match; removed in 0.6 */ match,
  /** @deprecated use rog.metrics.mse; removed in 0.6 */ mse,
  /** @deprecated use rog.metrics.psnr; removed in 0.6 */ psnr,
  /** @deprecated use rog.metrics.retrievalRank; removed in 0.6 */ retrievalRank,
  /** @deprecated use rog.metrics.SCORE_NOTE; removed in 0.6 */ SCORE_NOTE,
  /** @deprecated use rog.metrics.scoreColumns; removed in 0.6 */ scoreColumns,
  /** @deprecated use rog.metrics.shippedTagger; removed in 0.6 */ shippedTagger,
  /** @deprecated use rog.metrics.ssim; removed in 0.6 */ ssim,
  /** @deprecated use rog.metrics.taggerFeatures; removed in 0.6 */ taggerFeatures,
} from '../metrics/index.js';
export {
  /** @deprecated use rog.nets.alexnet; removed in 0.6 */ alexnet,
  /** @deprecated use rog.nets.drawSamples; removed in 0.6 */ drawSamples,
  /** @deprecated use rog.nets.forward; removed in 0.6 */ forward,
  /** @deprecated use rog.nets.lenet5; removed in 0.6 */ lenet5,
  /** @deprecated use rog.nets.mobilenetV2; removed in 0.6 */ mobilenetV2,
  /** @deprecated use rog.nets.paperResnet18; removed in 0.6 */ paperResnet18,
  /** @deprecated use rog.nets.rebuildImages; removed in 0.6 */ rebuildImages,
  /** @deprecated use rog.nets.resnet18; removed in 0.6 */ resnet18,
  /** @deprecated use rog.nets.resnet34; removed in 0.6 */ resnet34,
  /** @deprecated use rog.nets.saveWeights; removed in 0.6 */ saveWeights,
  /** @deprecated use rog.nets.shippedCard; removed in 0.6 */ shippedCard,
  /** @deprecated use rog.nets.shippedGenerator; removed in 0.6 */ shippedGenerator,
  /** @deprecated use rog.nets.shippedModel; removed in 0.6 */ shippedModel,
  /** @deprecated use rog.nets.tagger; removed in 0.6 */ tagger,
  /** @deprecated use rog.nets.trunk; removed in 0.6 */ trunk,
  /** @deprecated use rog.nets.trunkStages; removed in 0.6 */ trunkStages,
  /** @deprecated use rog.nets.twoLayer; removed in 0.6 */ twoLayer,
  /** @deprecated use rog.nets.vgg7; removed in 0.6 */ vgg7,
  /** @deprecated use rog.nets.vgg11; removed in 0.6 */ vgg11,
  /** @deprecated use rog.nets.vit; removed in 0.6 */ vit,
  /** @deprecated use rog.nets.withModes; removed in 0.6 */ withModes,
} from '../models/index.js';
export {
  /** @deprecated use rog.phi.bf16; removed in 0.6 */ bf16,
  /** @deprecated use rog.phi.blockwiseQuantizer; removed in 0.6 */ blockwiseQuantizer,
  /** @deprecated use rog.phi.clip; removed in 0.6 */ clip,
  /** @deprecated use rog.phi.compose; removed in 0.6 */ compose,
  /** @deprecated use rog.phi.errorFeedback; removed in 0.6 */ errorFeedback,
  /** @deprecated use rog.phi.fp16; removed in 0.6 */ fp16,
  /** @deprecated use rog.phi.gaussianNoise; removed in 0.6 */ gaussianNoise,
  /** @deprecated use rog.phi.kmeansCodebook; removed in 0.6 */ kmeansCodebook,
  /** @deprecated use rog.phi.laplaceNoise; removed in 0.6 */ laplaceNoise,
  /** @deprecated use rog.phi.none; removed in 0.6 */ none,
  /** @deprecated use rog.phi.obfuscation; removed in 0.6 */ obfuscation,
  /** @deprecated use rog.phi.parseObfuscation; removed in 0.6 */ parseObfuscation,
  /** @deprecated use rog.phi.partialUpdate; removed in 0.6 */ partialUpdate,
  /** @deprecated use rog.phi.percentileClip; removed in 0.6 */ percentileClip,
  /** @deprecated use rog.phi.powerSgd; removed in 0.6 */ powerSgd,
  /** @deprecated use rog.phi.privateTernary; removed in 0.6 */ privateTernary,
  /** @deprecated use rog.phi.qsgd; removed in 0.6 */ qsgd,
  /** @deprecated use rog.phi.randomMask; removed in 0.6 */ randomMask,
  /** @deprecated use rog.federation.remembered; removed in 0.6 */ remembered,
  /** @deprecated use rog.phi.sign; removed in 0.6 */ sign,
  /** @deprecated use rog.phi.sparseTernary; removed in 0.6 */ sparseTernary,
  /** @deprecated use rog.privacy.ternaryEpsilon; removed in 0.6 */ ternaryEpsilon,
  /** @deprecated use rog.phi.topK; removed in 0.6 */ topK,
  /** @deprecated use rog.federation.warmStart; removed in 0.6 */ warmStart,
} from '../obfuscation/index.js';
export {
  /** @deprecated use rog.privacy.budgetTradeOff; removed in 0.6 */ budgetTradeOff,
  /** @deprecated use rog.privacy.composition; removed in 0.6 */ composition,
  /** @deprecated use rog.bounds.cramerRao; removed in 0.6 */ cramerRao,
  /** @deprecated use rog.privacy.discreteTradeOff; removed in 0.6 */ discreteTradeOff,
  /** @deprecated use rog.privacy.dpSgdRobustness; removed in 0.6 */ dpSgdRobustness,
  /** @deprecated use rog.privacy.gaussianDelta; removed in 0.6 */ gaussianDelta,
  /** @deprecated use rog.privacy.gaussianEpsilon; removed in 0.6 */ gaussianEpsilon,
  /** @deprecated use rog.privacy.gaussianMu; removed in 0.6 */ gaussianMu,
  /** @deprecated use rog.privacy.gaussianMuOf; removed in 0.6 */ gaussianMuOf,
  /** @deprecated use rog.privacy.gaussianTradeOff; removed in 0.6 */ gaussianTradeOff,
  /** @deprecated use rog.privacy.noiseFor; removed in 0.6 */ noiseFor,
  /** @deprecated use rog.privacy.privacyBudget; removed in 0.6 */ privacyBudget,
  /** @deprecated use rog.privacy.releasesMu; removed in 0.6 */ releasesMu,
  /** @deprecated use rog.privacy.renyiDivergence; removed in 0.6 */ renyiDivergence,
  /** @deprecated use rog.privacy.renyiRobustness; removed in 0.6 */ renyiRobustness,
  /** @deprecated use rog.privacy.robustness; removed in 0.6 */ robustness,
  /** @deprecated use rog.bounds.spectralCramerRao; removed in 0.6 */ spectralCramerRao,
  /** @deprecated use rog.privacy.ternaryPair; removed in 0.6 */ ternaryPair,
  /** @deprecated use rog.privacy.ternaryTradeOff; removed in 0.6 */ ternaryTradeOff,
} from '../privacy/index.js';
export {
  /** @deprecated use rog.attacks.ATTACKS; removed in 0.6 */ ATTACKS,
  /** @deprecated use rog.attacks.NEEDS; removed in 0.6 */ NEEDS,
} from '../registry/index.js';
export {
  /** @deprecated use rog.charts.banded; removed in 0.6 */ banded,
  /** @deprecated use rog.charts.imageGridPng; removed in 0.6 */ imageGridPng,
  /** @deprecated use rog.charts.imagePng; removed in 0.6 */ imagePng,
  /** @deprecated use rog.charts.plotSvg; removed in 0.6 */ plotSvg,
  /** @deprecated use rog.charts.profileName; removed in 0.6 */ profileName,
  /** @deprecated use rog.charts.tableText; removed in 0.6 */ tableText,
  /** @deprecated use rog.charts.trainingProgress; removed in 0.6 */ trainingProgress,
} from '../report/index.js';
export {
  /** @deprecated use rog.studies.budgetSweep; removed in 0.6 */ budgetSweep,
  /** @deprecated use rog.studies.dpStudy; removed in 0.6 */ dpStudy,
  /** @deprecated use rog.studies.labelAccuracy; removed in 0.6 */ labelAccuracy,
  /** @deprecated use rog.studies.labelStudy; removed in 0.6 */ labelStudy,
  /** @deprecated use rog.studies.leakageOf; removed in 0.6 */ leakageOf,
  /** @deprecated use rog.studies.liveScores; removed in 0.6 */ liveScores,
  /** @deprecated use rog.studies.observeCase; removed in 0.6 */ observeCase,
  /** @deprecated use rog.studies.semanticResults; removed in 0.6 */ semanticResults,
  /** @deprecated use rog.studies.semanticScores; removed in 0.6 */ semanticScores,
  /** @deprecated use rog.studies.semanticSummary; removed in 0.6 */ semanticSummary,
  /** @deprecated use rog.studies.soteria; removed in 0.6 */ soteria,
} from '../studies/index.js';
export {
  /** @deprecated use rog.sweeps.bootstrapInterval; removed in 0.6 */ bootstrapInterval,
  /** @deprecated use rog.sweeps.defineSweep; removed in 0.6 */ defineSweep,
  /** @deprecated use rog.sweeps.sweepTable; removed in 0.6 */ sweepTable,
} from '../sweeps/index.js';
export {
  /** @deprecated use rog.train.adam; removed in 0.6 */ adam,
  /** @deprecated use rog.train.cosineDecay; removed in 0.6 */ cosineDecay,
  /** @deprecated use rog.train.fit; removed in 0.6 */ fit,
  /** @deprecated use rog.train.oneCycle; removed in 0.6 */ oneCycle,
  /** @deprecated use rog.train.sgd; removed in 0.6 */ sgd,
  /** @deprecated use rog.train.steady; removed in 0.6 */ steady,
  /** @deprecated use rog.train.testAccuracy; removed in 0.6 */ testAccuracy,
  /** @deprecated use rog.train.trainClassifier; removed in 0.6 */ trainClassifier,
} from '../training/index.js';
