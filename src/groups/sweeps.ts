/** Sweeps: grids of attacks on one machine or many, with results that last. */
export { bootstrapInterval, defineSweep, sweep, sweepTable } from '../sweeps/index.js';
