import { adamStep } from '../../../core/adam-step.js';
import type { Optimizer } from './types.js';

/** Adam (Kingma and Ba 2015) with decays 0.9 and 0.999. */
export const adam: Optimizer = {
  start: (size) => ({
    arrays: { first: new Float32Array(size), second: new Float32Array(size) },
    numbers: { steps: 0 },
  }),
  step: ({ x, gradient }, { arrays, numbers }, rate) => {
    const steps = numbers.steps! + 1;
    const at = adamStep({ x, gradient, moments: [arrays.first!, arrays.second!], rate, t: steps });
    const [first, second] = at.moments;
    return { x: at.x, state: { arrays: { first, second }, numbers: { steps } } };
  },
};
