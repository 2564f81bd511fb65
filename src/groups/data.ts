/** Data: images and labels, arrays of numbers, seeded streams, files of tensors. */
export { loadTensors } from '../assets/index.js';
export { imageAt, ndarray, stackImages } from '../core/arrays.js';
export { normalStream, permutation, uniformStream } from '../core/random.js';
export { resample } from '../core/resample.js';
export { openDataset } from '../data/index.js';
