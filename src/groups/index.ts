export * as attacks from './attacks.js';
export * as metrics from './metrics.js';
export * as nets from './nets.js';
export * as phi from './phi.js';
export * as privacy from './privacy.js';
export * as train from './train.js';
