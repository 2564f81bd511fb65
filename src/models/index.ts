export { alexnet } from './alexnet.js';
export { type NetworkOptions, network, type WidthOptions } from './build.js';
export { type Card, cardText } from './card.js';
export { type DenseLink, denseHead, isIdle } from './dense-head.js';
export { type Entrance, entranceOf } from './entrance.js';
export type { Architecture, BatchMoments, Drawing, Finish, ForwardOptions, Use, Using } from './forward.js';
export { forward, layerOutputs } from './forward.js';
export { drawSamples, rebuildImages } from './generated.js';
export { type Generator, generatorFrom, shippedGenerator } from './generator-weights.js';
export { hasKinks, isKinked } from './kinked.js';
export { batchNormalised, momentsOver } from './layers/normalisation.js';
export { lenet, lenet5 } from './lenet.js';
export { mobilenetV2 } from './mobilenet-v2.js';
export {
  type BatchNormMode,
  batchNormMode,
  draws,
  inEvaluation,
  type Modes,
  mapLayers,
  mixesExamples,
  someLayer,
  withModes,
} from './modes.js';
export { isNonNegative } from './non-negative.js';
export { loadNetwork, type NetworkFileOptions } from './onnx/index.js';
export { type ParameterSpec, parameterSpecs } from './parameters.js';
export { PRECODE_TABLE, type PrecodeOptions, precode } from './precode.js';
export { paperResnet18, resnet18, resnet34 } from './resnet.js';
export { type Gradients, loadGradients, loadSent, type SentOptions, type SentWeights } from './sent-weights.js';
export { type ShippedName, shippedCard, shippedModel, shippedWeights } from './shipped.js';
export { TAGGER_STEM, tagger } from './tagger.js';
export { fromTorchOrder, toTorchOrder } from './torch-order.js';
export { type TrunkName, trunk, trunkMinimum, trunkStages } from './trunk.js';
export { type TwoLayerOptions, twoLayer } from './two-layer.js';
export { vgg7, vgg11 } from './vgg.js';
export { type VitOptions, vit } from './vit.js';
export { loadWeights, saveWeights } from './weights.js';
