import type { Fitted } from '../training/index.js';

/** One training after another as one: steps, seconds and curve go on. */
export const continued = (before: Fitted, after: Fitted): Fitted => ({
  ...after,
  steps: before.steps + after.steps,
  seconds: before.seconds + after.seconds,
  history: [
    ...before.history,
    ...after.history.map((point) => ({
      ...point,
      epoch: before.history.length + point.epoch,
      seconds: before.seconds + point.seconds,
    })),
  ],
});
