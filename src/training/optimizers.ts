import { type AdamOptions, adamStep } from '../core/adam-step.js';

/** How an optimizer moves one parameter tensor. State goes in and comes out; nothing is written to an argument. */
export interface Optimizer {
  /** With its numbers, e.g. `sgd(momentum 0.9, weightDecay 0.0005)`: part of a checkpoint's settings. */
  readonly name: string;
  /** Arrays kept per parameter, each of its size, zero at the start. */
  readonly slots: number;
  /** Parameter and slots after step `t` (1, 2, ...) with the given gradient and learning rate. */
  readonly step: (at: Moment) => Moved;
}

/** What an optimizer sees of one parameter. */
export interface Moment {
  readonly x: Float32Array;
  readonly gradient: Float32Array;
  readonly slots: readonly Float32Array[];
  readonly rate: number;
  /** Number of this step, from 1. */
  readonly t: number;
  /** Whether weight decay applies: kernels and dense weights, not biases and gains. */
  readonly decays: boolean;
}

/** What comes out of a step. */
export interface Moved {
  readonly x: Float32Array;
  readonly slots: readonly Float32Array[];
}

/** Options of {@link sgd}. */
export interface SgdOptions {
  /** Default 0.9; 0 is plain SGD. */
  readonly momentum?: number;
  /** Look ahead along the momentum (Nesterov, in PyTorch's form); default true when there is momentum. */
  readonly nesterov?: boolean;
  /** Added to the gradient as weightDecay * x; default 0. */
  readonly weightDecay?: number;
}

/**
 * g' = g + weightDecay x;  v' = momentum v + g';  x' = x - rate (g' + momentum v') with Nesterov, x - rate v' without.
 * The form of PyTorch's SGD (Sutskever et al. 2013).
 */
export function sgd({ momentum = 0.9, nesterov = momentum > 0, weightDecay = 0 }: SgdOptions = {}): Optimizer {
  return {
    name: `sgd(momentum ${momentum}${nesterov ? ', nesterov' : ''}, weightDecay ${weightDecay})`,
    slots: momentum > 0 ? 1 : 0,
    step: ({ x, gradient, slots: [velocity], rate, decays }) => {
      const decay = decays ? weightDecay : 0;
      const next = new Float32Array(x.length);
      const moving = velocity ? new Float32Array(x.length) : undefined;
      for (let i = 0; i < x.length; i++) {
        const g = gradient[i]! + decay * x[i]!;
        const v = velocity ? momentum * velocity[i]! + g : g;
        if (moving) moving[i] = v;
        next[i] = x[i]! - rate * (nesterov ? g + momentum * v : v);
      }
      return { x: next, slots: moving ? [moving] : [] };
    },
  };
}

/** Adam or, with `weightDecay`, AdamW: see adamStep(). Kingma and Ba 2015; Loshchilov and Hutter 2019. */
export function adam({ beta1 = 0.9, beta2 = 0.999, weightDecay = 0 }: AdamOptions = {}): Optimizer {
  return {
    name: `adam(${beta1}, ${beta2}, weightDecay ${weightDecay})`,
    slots: 2,
    step: ({ slots: [first, second], decays, ...at }) => {
      const decay = { beta1, beta2, weightDecay: decays ? weightDecay : 0 };
      const { x, moments } = adamStep({ ...at, moments: [first!, second!] }, decay);
      return { x, slots: moments };
    },
  };
}
