import { problem } from '../../core/errors.js';
import { constant, softmax, type Tensor, tf } from '../../engine/index.js';
import { flag, notNegative, optional, real, required, word } from './layer-options.js';
import type { Of, Rule } from './types.js';

const sigmoidLine = (x: Tensor): Tensor => tf.div(tf.relu6(tf.add(x, 3)), 6);

const FUNCTIONS = {
  relu: tf.relu,
  sigmoid: tf.sigmoid,
  tanh: tf.tanh,
  softplus: tf.softplus,
  relu6: tf.relu6,
  silu: (x: Tensor) => tf.mul(x, tf.sigmoid(x)),
  hardswish: (x: Tensor) => tf.mul(x, sigmoidLine(x)),
  hardsigmoid: sigmoidLine,
  mish: (x: Tensor) => tf.mul(x, tf.tanh(tf.softplus(x))),
  softsign: (x: Tensor) => tf.div(x, tf.add(1, tf.abs(x))),
  logSigmoid: tf.logSigmoid,
  tanhshrink: (x: Tensor) => tf.sub(x, tf.tanh(x)),
  abs: tf.abs,
  exp: tf.exp,
  log: tf.log,
  sqrt: tf.sqrt,
  reciprocal: tf.reciprocal,
  sin: tf.sin,
  cos: tf.cos,
  atan: tf.atan,
  softmax,
} as const satisfies Record<string, (x: Tensor) => Tensor>;

type Name = keyof typeof FUNCTIONS;

/** One rule per function without settings. */
export const functions = Object.fromEntries(
  Object.entries<(x: Tensor) => Tensor>(FUNCTIONS).map(([kind, f]) => [
    kind,
    { options: {}, apply: (_: unknown, x: Tensor) => f(x) },
  ]),
) as unknown as { [K in Name]: Rule<Of<K>> };

export const leakyRelu: Rule<Of<'leakyRelu'>> = {
  options: { slope: required(real) },
  apply: ({ slope }, x) => tf.leakyRelu(x, slope),
};

export const hardtanh: Rule<Of<'hardtanh'>> = {
  options: { low: optional(real), high: optional(real) },
  plan: ({ low = -1, high = 1 }, at, _, where) => {
    if (low >= high) throw problem(where, 'low must be below high', [low, high]);
    return at;
  },
  apply: ({ low = -1, high = 1 }, x) => tf.add(tf.sub(tf.relu(tf.sub(x, low)), tf.relu(tf.sub(x, high))), low),
};

const shrinking = { lambda: optional(notNegative) };

export const hardshrink: Rule<Of<'hardshrink'>> = {
  options: shrinking,
  apply: ({ lambda = 0.5 }, x) =>
    tf.mul(
      x,
      constant(() => tf.step(tf.sub(tf.abs(x), lambda))),
    ),
};

export const softshrink: Rule<Of<'softshrink'>> = {
  options: shrinking,
  apply: ({ lambda = 0.5 }, x) => tf.sub(tf.relu(tf.sub(x, lambda)), tf.relu(tf.sub(tf.neg(x), lambda))),
};

export const prelu: Rule<Of<'prelu'>> = {
  options: { shared: optional(flag) },
  plan: ({ shared = false }, at, name) => ({
    ...at,
    specs: [
      {
        name: `${name}/slope`,
        shape: [shared ? 1 : at.shape[2]],
        fanIn: 1,
        init: 'quarters',
        ...(at.flattened && !shared && { flattens: at.flattened }),
      },
    ],
  }),
  apply: (_, x, { take, using }) => {
    const below = tf.neg(tf.relu(tf.neg(x)));
    const sloped = using({ kind: 'factor', input: () => below }, tf.mul(below, take()));
    return tf.add(tf.relu(x), sloped);
  },
};

export const elu: Rule<Of<'elu'>> = {
  options: { alpha: optional(real) },
  apply: ({ alpha = 1 }, x) => {
    const y = tf.elu(x);
    if (alpha === 1) return y;
    return tf.mul(
      y,
      constant(() => tf.add(tf.mul(tf.step(x), 1 - alpha), alpha)),
    );
  },
};

/** x (1 + erf(x / sqrt 2)) / 2, or x (1 + tanh(sqrt(2 / pi) (x + 0.044715 x^3))) / 2 (Hendrycks and Gimpel 2016). */
export const gelu: Rule<Of<'gelu'>> = {
  options: { form: optional(word('exact', 'tanh')) },
  apply: ({ form = 'exact' }, x) => {
    const bend =
      form === 'exact'
        ? tf.erf(tf.mul(x, Math.SQRT1_2))
        : tf.tanh(tf.mul(Math.sqrt(2 / Math.PI), tf.add(x, tf.mul(0.044715, tf.mul(x, tf.square(x))))));
    return tf.mul(tf.mul(x, 0.5), tf.add(bend, 1));
  },
};
