/** Rules of ops that move, copy or cut entries: linear, each one's derivative is its transpose. */
import { putWindow, takeWindow, type WindowPosition } from '../ops/windows.js';
import * as tf from '../tfjs.js';
import { type Rule, rule } from './rule.js';

/** Same entries in the same order under another shape or name. */
const sameEntries = (name: string): Rule => rule([name], (dy, [x]) => ({ [name]: () => tf.reshape(dy, x.shape) }));

export const shapes: Record<string, Rule> = {
  Identity: rule([], (dy) => ({ x: () => tf.clone(dy) })),
  Cast: rule([], (dy) => ({ x: () => tf.cast(dy, 'float32') })),
  Reshape: sameEntries('x'),
  ExpandDims: sameEntries('input'),
  Transpose: rule([], (dy, _, { perm }) => ({
    x: () => tf.transpose(dy, tf.backend_util.getUndoAxesPermutation(perm)),
  })),
  Reverse: rule([], (dy, _, { dims }) => ({ x: () => tf.reverse(dy, dims) })),
  Slice: rule(['x'], (dy, [x], { begin, size }) => ({
    x: () => {
      const [from, length] = tf.slice_util.parseSliceParams(x, begin, size) as [number[], number[]];
      const paddings = x.shape.map((n, i): [number, number] => [from[i]!, n - from[i]! - length[i]!]);
      return tf.pad(dy, paddings);
    },
  })),
  WindowTake: rule([], (dy, _, position: WindowPosition) => ({ x: () => putWindow(dy, position) })),
  WindowPut: rule([], (ddx, _, position: WindowPosition) => ({ dy: () => takeWindow(ddx, position) })),
  PadV2: rule(['x'], (dy, [x], { paddings }) => ({
    x: () =>
      tf.slice(
        dy,
        (paddings as [number, number][]).map(([before]) => before),
        x.shape,
      ),
  })),
  Tile: rule(['x'], (dy, [x], { reps }) => ({
    x: () => {
      const split = x.shape.flatMap((n, i) => [reps[i] as number, n]);
      const copies = x.shape.map((_, i) => 2 * i);
      return tf.sum(tf.reshape(dy, split), copies);
    },
  })),
  Concat: {
    save: 'all',
    gradient: (dy, saved, { axis }) => {
      const [along] = tf.util.parseAxisParam(axis, saved[0]!.shape) as [number];
      let offset = 0;
      return Object.fromEntries(
        saved.map((x, i) => {
          const begin = x.shape.map((_, d) => (d === along ? offset : 0));
          offset += x.shape[along]!;
          return [i, () => tf.slice(dy, begin, x.shape)];
        }),
      );
    },
  },
  Pack: {
    save: 'all',
    gradient: (dy, saved, { axis }) => {
      const parts = tf.unstack(dy, axis);
      return Object.fromEntries(saved.map((_, i) => [i, () => parts[i]!]));
    },
  },
  Unpack: rule([], (dy, _, { axis }) => ({ value: () => tf.stack(dy as unknown as tf.Tensor[], axis) })),
  SplitV: rule([], (dy, _, { axis }) => ({ x: () => tf.concat(dy as unknown as tf.Tensor[], axis) })),
};
