import { halfCosine } from '../core/numbers.js';

/** The learning rate at a part of the training, from 0 at the first step to 1 after the last. */
export interface Schedule {
  /** With its numbers, e.g. `oneCycle(0.2)`: part of a checkpoint's settings. */
  readonly name: string;
  readonly at: (part: number) => number;
}

/** One rate throughout. */
export const steady = (rate: number): Schedule => ({ name: `steady(${rate})`, at: () => rate });

/** rate (1 + cos(pi part)) / 2: from `rate` to 0 (Loshchilov and Hutter 2017). */
export const cosineDecay = (rate: number): Schedule => ({
  name: `cosineDecay(${rate})`,
  at: (part) => rate * halfCosine(part),
});

/** Up from peak / 10 to `peak` during the first `warmup`, then down to 0: fast training (Smith and Topin 2018). */
export const oneCycle = (peak: number, warmup = 0.2): Schedule => ({
  name: `oneCycle(${peak}, ${warmup})`,
  at: (part) => peak * (part < warmup ? 0.1 + (0.9 * part) / warmup : (1 - part) / (1 - warmup)),
});
