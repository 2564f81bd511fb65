export { fit } from './fit.js';
export { type AdamOptions, adam, type Optimizer, type SgdOptions, sgd } from './optimizers.js';
export { cosineDecay, oneCycle, type Schedule, steady } from './schedules.js';
export type { FitOptions, FitPoint, FitProgress, Fitted, Losses, TrainingData } from './types.js';
