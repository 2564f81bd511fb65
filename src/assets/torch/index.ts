export { fetchTorch, type TorchFetchOptions, torchCached } from './fetch.js';
export { loadTorch, type TorchOptions, torchTensors } from './read.js';
export { type ByteSource, fileSource, memorySource } from './source.js';
