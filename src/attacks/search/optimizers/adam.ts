import type { Optimizer } from './types.js';

/** Adam (Kingma and Ba 2015): x - rate * m / (sqrt(v) + 1e-8), with bias-corrected moments m and v; 0.9 and 0.999. */
export const adam: Optimizer = {
  start: (size) => ({
    arrays: { first: new Float32Array(size), second: new Float32Array(size) },
    numbers: { steps: 0 },
  }),
  step: ({ x, gradient }, { arrays, numbers }, rate) => {
    const steps = numbers.steps! + 1;
    const [b1, b2] = [0.9, 0.999];
    const [c1, c2] = [1 - b1 ** steps, 1 - b2 ** steps];
    const first = new Float32Array(x.length);
    const second = new Float32Array(x.length);
    const next = new Float32Array(x.length);
    for (let i = 0; i < x.length; i++) {
      const g = gradient[i]!;
      first[i] = b1 * arrays.first![i]! + (1 - b1) * g;
      second[i] = b2 * arrays.second![i]! + (1 - b2) * g * g;
      next[i] = x[i]! - (rate * first[i]!) / c1 / (Math.sqrt(second[i]! / c2) + 1e-8);
    }
    return { x: next, state: { arrays: { first, second }, numbers: { steps } } };
  },
};
