/** A point, its gradient and what Adam remembers: the running means of g and of g^2. */
export interface AdamAt {
  readonly x: Float32Array;
  readonly gradient: Float32Array;
  readonly moments: readonly [Float32Array, Float32Array];
  readonly rate: number;
  /** Number of this step, from 1. */
  readonly t: number;
}

/** Options of Adam. */
export interface AdamOptions {
  /** Decay of the mean of gradients; default 0.9. */
  readonly beta1?: number;
  /** Decay of the mean of their squares; default 0.999. */
  readonly beta2?: number;
  /** Decoupled weight decay (AdamW), x - rate * weightDecay * x; default 0. */
  readonly weightDecay?: number;
}

/**
 * One step, computed in doubles on the means as they are kept, in single precision:
 *
 *     m' = b1 m + (1 - b1) g;  v' = b2 v + (1 - b2) g^2
 *     x' = x - rate m' / (1 - b1^t) / (sqrt(v' / (1 - b2^t)) + 1e-8) - rate weightDecay x
 *
 * Kingma and Ba 2015, algorithm 1; the decay: Loshchilov and Hutter 2019.
 */
export function adamStep(
  { x, gradient, moments: [first, second], rate, t }: AdamAt,
  { beta1 = 0.9, beta2 = 0.999, weightDecay = 0 }: AdamOptions = {},
): Pick<AdamAt, 'x' | 'moments'> {
  const [c1, c2] = [1 - beta1 ** t, 1 - beta2 ** t];
  const [m, v, next] = [new Float32Array(x.length), new Float32Array(x.length), new Float32Array(x.length)];
  for (let i = 0; i < x.length; i++) {
    const g = gradient[i]!;
    m[i] = beta1 * first[i]! + (1 - beta1) * g;
    v[i] = beta2 * second[i]! + (1 - beta2) * g * g;
    next[i] = x[i]! - (rate * m[i]!) / c1 / (Math.sqrt(v[i]! / c2) + 1e-8) - rate * weightDecay * x[i]!;
  }
  return { x: next, moments: [m, v] };
}
