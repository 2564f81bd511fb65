import { problem } from '../core/errors.js';
import { checkAll, flag, type OptionTable, real } from '../core/option-table.js';
import { oneOf } from '../core/options.js';
import type { ClientOptimizer } from '../core/types.js';
import { type Tensor, tf } from '../engine/index.js';

/** What an optimizer sees of one parameter in local step t. */
export interface Moment {
  readonly gradient: Tensor;
  readonly weight: Tensor;
  /** Its arrays, of the parameter's size, zero before the first step. */
  readonly slots: readonly Tensor[];
  /** 1 - beta1^(t+1) and 1 - beta2^(t+1). */
  readonly corrections: readonly [Tensor | number, Tensor | number];
}

/** w' = w - learningRate factor_t move. */
export interface Moved {
  readonly move: Tensor;
  readonly slots: readonly Tensor[];
}

/** A client's optimizer as a differentiable function of one parameter. */
export interface Rule {
  readonly slots: number;
  readonly step: (at: Moment) => Moved;
}

type Sgd = Extract<ClientOptimizer, { readonly kind: 'sgd' }>;
type Adaptive = Exclude<ClientOptimizer, Sgd>;
type Of<K extends ClientOptimizer['kind']> = K extends 'sgd' ? Sgd : Adaptive;

/** Added under the root: its slope at 0 stays finite, and at 1e-15 nothing is changed beside epsilon. */
const TINY = 1e-30;

const plus = (x: Tensor, factor: number, y: Tensor): Tensor => (factor === 0 ? x : tf.add(x, tf.mul(y, factor)));

/**
 * PyTorch's conventions (torch.optim.SGD, Adam, AdamW), for all parameters alike:
 *
 *     sgd:    g = grad + weightDecay w;  v' = momentum v + g;  move = g + momentum v' (nesterov) or v'
 *     adam:   g = grad + weightDecay w;  m' = b1 m + (1 - b1) g;  v' = b2 v + (1 - b2) g^2;
 *             move = (m' / c1) / (sqrt(v' / c2) + epsilon)
 *     adamw:  adam without decay in g;  move += weightDecay w
 */
const RULES: { readonly [K in ClientOptimizer['kind']]: (settings: Of<K>) => Rule } = {
  sgd: ({ momentum = 0, nesterov = false, weightDecay = 0 }) => ({
    slots: momentum > 0 ? 1 : 0,
    step: ({ gradient, weight, slots: [velocity] }) => {
      const g = plus(gradient, weightDecay, weight);
      if (!velocity) return { move: g, slots: [] };
      const v = tf.add(tf.mul(velocity, momentum), g);
      return { move: nesterov ? tf.add(g, tf.mul(v, momentum)) : v, slots: [v] };
    },
  }),
  adam: (settings) => adaptive(settings, settings.weightDecay ?? 0, 0),
  adamw: (settings) => adaptive(settings, 0, settings.weightDecay ?? 0.01),
};

function adaptive({ beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8 }: Adaptive, coupled: number, decoupled: number): Rule {
  return {
    slots: 2,
    step: ({ gradient, weight, slots: [first, second], corrections: [c1, c2] }) => {
      const g = plus(gradient, coupled, weight);
      const m = tf.add(tf.mul(first!, beta1), tf.mul(g, 1 - beta1));
      const v = tf.add(tf.mul(second!, beta2), tf.mul(tf.square(g), 1 - beta2));
      const size = tf.add(tf.sqrt(tf.add(tf.div(v, c2), TINY)), epsilon);
      return { move: plus(tf.div(tf.div(m, c1), size), decoupled, weight), slots: [m, v] };
    },
  };
}

export const ruleOf = (optimizer: ClientOptimizer): Rule =>
  (RULES[optimizer.kind] as (settings: ClientOptimizer) => Rule)(optimizer);

/** [1 - beta1^(t+1), 1 - beta2^(t+1)]; 1 where there are no betas. */
export function corrections(optimizer: ClientOptimizer, t: number): [number, number] {
  if (optimizer.kind === 'sgd') return [1, 1];
  const { beta1 = 0.9, beta2 = 0.999 } = optimizer;
  return [1 - beta1 ** (t + 1), 1 - beta2 ** (t + 1)];
}

/** A step is learningRate times the gradient and nothing else. */
export const isPlainSgd = (optimizer: ClientOptimizer): boolean =>
  optimizer.kind === 'sgd' && !optimizer.momentum && !optimizer.weightDecay;

const decay = real('part of the past that a running mean keeps', undefined, { below: 1 });
const weightDecay = real('times the weights, beside the gradient');
const ADAPTIVE = {
  beta1: decay,
  beta2: decay,
  epsilon: real('added to the root', undefined, { open: true }),
  weightDecay,
};

/** What each kind takes. */
const OPTIONS = {
  sgd: { momentum: decay, nesterov: flag('look ahead along the momentum'), weightDecay },
  adam: ADAPTIVE,
  adamw: ADAPTIVE,
} satisfies { readonly [K in ClientOptimizer['kind']]: OptionTable<Omit<Of<K>, 'kind'>> };

/** Optimizers by name. */
export const OPTIMIZER_KINDS = Object.keys(OPTIONS) as ClientOptimizer['kind'][];

/** A checked optimizer; a bare name stands for its defaults. @throws unknown kinds and options, numbers out of range */
export function checkOptimizer(where: string, wanted: ClientOptimizer | ClientOptimizer['kind']): ClientOptimizer {
  const optimizer = typeof wanted === 'string' ? ({ kind: wanted } as ClientOptimizer) : wanted;
  const at = `${where} optimizer`;
  checkAll(at, optimizer, OPTIONS[oneOf(at, 'kind', optimizer?.kind, OPTIMIZER_KINDS)], ['kind']);
  if (optimizer.kind === 'sgd' && optimizer.nesterov && !optimizer.momentum)
    throw problem(at, 'nesterov needs a momentum above 0', optimizer.momentum ?? 0);
  return optimizer;
}
