/** Training: losses, optimizers and schedules. */
export { adam, cosineDecay, fit, oneCycle, sgd, steady, testAccuracy, trainClassifier } from '../training/index.js';
