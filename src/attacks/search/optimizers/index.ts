import { adam } from './adam.js';
import { lbfgs } from './lbfgs.js';
import type { Optimizer } from './types.js';

export type { OptimizerState } from './types.js';

/** Optimizers by name. */
export const OPTIMIZERS = { adam, lbfgs } satisfies Record<string, Optimizer>;

export type OptimizerName = keyof typeof OPTIMIZERS;
