/** Bounds: the error that every attack leaves, from the Jacobian of the update and from the noise. */
export { bayesianBound, inversionInfluence, updateJacobian } from '../bounds/index.js';
export { cramerRao, spectralCramerRao } from '../privacy/index.js';
