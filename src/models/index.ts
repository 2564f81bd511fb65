export { type NetworkOptions, network } from './build.js';
export { forward } from './forward.js';
export { lenet } from './lenet.js';
export { type ParameterSpec, parameterSpecs } from './parameters.js';
export { resnet18 } from './resnet18.js';
export { fromTorchOrder, toTorchOrder } from './torch-order.js';
export { type TwoLayerOptions, twoLayer } from './two-layer.js';
export { vgg7 } from './vgg7.js';
export { loadWeights, saveWeights } from './weights.js';
