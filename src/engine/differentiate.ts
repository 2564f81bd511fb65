import { type Scalar, type Tensor, valueAndGrads } from './tf.js';

/**
 * The value of f and its gradient in the FIRST argument; the other arguments are constants to it. Nests: f may itself
 * call {@link gradients}. The caller disposes both results (or tidy does).
 * @example const [loss, slope] = valueAndGradient((x) => tf.sum(tf.square(x)))(tf.tensor([1, 2]));
 */
export const valueAndGradient =
  (f: (x: Tensor, ...rest: Tensor[]) => Tensor) =>
  (x: Tensor, ...rest: Tensor[]): [value: Tensor, gradient: Tensor] => {
    const { value, grads } = valueAndGrads((first: Tensor) => f(first, ...rest) as Scalar)([x]);
    return [value, grads[0]!];
  };

/**
 * The gradients of a scalar function in each of its arguments.
 * @example const [dx, dy] = gradients((x, y) => tf.sum(tf.mul(x, y)))(tf.tensor([1, 2]), tf.tensor([3, 4]));
 */
export const gradients =
  (f: (...xs: Tensor[]) => Tensor) =>
  (...xs: Tensor[]): Tensor[] =>
    valueAndGradients(f)(...xs)[1];

/** The value of a scalar function and its gradients in each of its arguments. */
export const valueAndGradients =
  (f: (...xs: Tensor[]) => Tensor) =>
  (...xs: Tensor[]): [value: Tensor, gradients: Tensor[]] => {
    const { value, grads } = valueAndGrads(f as (...xs: Tensor[]) => Scalar)(xs);
    return [value, grads];
  };
