export { type UnpackOptions, unpack } from './archive.js';
export { cacheFolder } from './cache.js';
export { type Checkpoint, type CheckpointState, loadCheckpoint, saveCheckpoint } from './checkpoint.js';
export { type DownloadOptions, type DownloadProgress, download, isNetworkProblem } from './download.js';
export { diskProblem, makeFolder, warnsOnce, writeAtomic } from './files.js';
export { type HeldCheckpoint, holdCheckpoint, withCheckpoint } from './held-checkpoint.js';
export { keepValue, keptValue } from './kept-value.js';
export { LIMITS } from './limits.js';
export { lockFile, waitForLock } from './lock.js';
export { type Asset, assetOf } from './manifest.js';
export type { Attribute, OnnxGraph, OnnxNode, OnnxTensor } from './onnx/graph.js';
export { loadOnnx } from './onnx/load.js';
export { checkFilePlace, checkPlace } from './place.js';
export { readBounded, readBoundedText } from './read-bounded.js';
export {
  decodeSafetensors,
  encodeSafetensors,
  loadSafetensors,
  type Safetensors,
  saveSafetensors,
} from './safetensors.js';
export { loadTensors, type TensorFile, type TensorFormat } from './tensors.js';
export { fetchTorch, loadTorch, type TorchFetchOptions, torchCached } from './torch/index.js';
