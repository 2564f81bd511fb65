import * as tf from '../tfjs.js';

type Pair = readonly [number, number];

/** One position of a sliding window: the entries of the images [b, h, w, c] that it meets everywhere. */
export interface WindowPosition {
  /** Row and column of the first such entry. */
  readonly at: Pair;
  readonly strides: Pair;
  /** Places of the window: [rows, columns]. */
  readonly places: Pair;
  /** Shape of the images. */
  readonly inputShape: readonly number[];
}

const run = (kernel: string, inputs: Record<string, tf.Tensor>, position: WindowPosition): tf.Tensor4D =>
  tf.engine().runKernel(kernel, inputs, position as unknown as tf.NamedAttrMap) as tf.Tensor4D;

/** The entries under one window position, [b, rows, columns, c]: linear, its transpose is {@link putWindow}. */
export const takeWindow = (x: tf.Tensor, position: WindowPosition): tf.Tensor4D => run('WindowTake', { x }, position);

/** Images of zeros with the given entries put back where {@link takeWindow} takes them. */
export const putWindow = (dy: tf.Tensor, position: WindowPosition): tf.Tensor4D => run('WindowPut', { dy }, position);

/** Every position of a window of size[0] x size[1], row by row. */
export const positionsOf = (
  size: Pair,
  dilations: Pair,
  rest: Pick<WindowPosition, 'strides' | 'places' | 'inputShape'>,
): WindowPosition[] =>
  Array.from({ length: size[0] * size[1] }, (_, k) => ({
    ...rest,
    at: [Math.floor(k / size[1]) * dilations[0], (k % size[1]) * dilations[1]],
  }));
