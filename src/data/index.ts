export { imagesInTurns } from './images-in-turns.js';
export { openDataset } from './open.js';
export type { BatchOptions, Dataset, DatasetOptions, Split } from './types.js';
