export { fetchTorch, type TorchFetchOptions, torchCached } from './fetch-torch.js';
export { loadTorch, type TorchOptions, torchTensors } from './load-torch.js';
export { type ByteSource, fileSource, memorySource } from './source.js';
