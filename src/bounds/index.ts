export { type BayesianBound, type BayesianBoundOptions, bayesianBound, boundOf } from './bayesian.js';
export { type Influence, inversionInfluence, largestEigenvalue } from './influence.js';
export { type Jacobian, jacobianOf, unknownsOf, updateJacobian } from './jacobian.js';
export { type NoiseLaw, noiseLaw } from './noise-law.js';
export { type Deviations, type RitzOptions, ritzValues, type SquaredNorm, squaredNorm } from './spectrum.js';
