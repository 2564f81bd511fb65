export { type AugmentOptions, augment } from './augment.js';
export { folded, normalisedForward, normalisedParameters } from './batch-norm.js';
export { type Classifier, type ClassifierOptions, trainClassifier } from './classifier.js';
export { fit } from './fit.js';
export { type AdamOptions, adam, type Moved, type Optimizer, type SgdOptions, sgd } from './optimizers.js';
export { cosineDecay, oneCycle, type Schedule, steady } from './schedules.js';
export { testAccuracy } from './test-accuracy.js';
export type { FitOptions, FitPoint, FitProgress, Fitted, Losses, TrainingData } from './types.js';
export { whiteningKernel } from './whitening.js';
