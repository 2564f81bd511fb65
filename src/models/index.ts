export { type NetworkOptions, network } from './build.js';
export {
  type Architecture,
  type BatchMoments,
  type Finish,
  type ForwardOptions,
  forward,
  layerOutputs,
} from './forward.js';
export { type Generator, generatorFrom, shippedGenerator } from './generator-weights.js';
export { batchNormalised, momentsOver } from './layers/normalisation.js';
export { lenet } from './lenet.js';
export { type ParameterSpec, parameterSpecs } from './parameters.js';
export { resnet18 } from './resnet18.js';
export { type Card, type ShippedName, shippedCard, shippedModel, shippedWeights } from './shipped.js';
export { isNonNegative } from './sign.js';
export { TAGGER_STEM, tagger } from './tagger.js';
export { fromTorchOrder, toTorchOrder } from './torch-order.js';
export { type TrunkName, trunk, trunkMinimum, trunkStages } from './trunk.js';
export { type TwoLayerOptions, twoLayer } from './two-layer.js';
export { vgg7 } from './vgg7.js';
export { loadWeights, saveWeights } from './weights.js';
