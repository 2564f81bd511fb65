export { openDataset } from './open.js';
export type { BatchOptions, Dataset, DatasetOptions, Split } from './types.js';
