import * as tf from '../../../tf.js';
import { binary, cast, expand, select } from '../../ir/elementwise.js';
import { constant, type Dtype, type Node, splat } from '../../ir/node.js';
import { concat, gather, pad, reshape, reverse, slice, tile, transpose, unsqueeze } from '../../ir/shape.js';
import { Untraceable } from '../untraceable.js';
import { axesOf, axisOf, type Kernel } from './types.js';

/** Kernels that move entries. */
export const shape: Readonly<Record<string, Kernel>> = {
  Reshape: ({ x }, { shape }) => reshape(x!, tf.util.inferFromImplicitShape(shape, x!.size)),
  ExpandDims: ({ input }, { dim }) => unsqueeze(input!, axisOf(dim, input!.shape.length + 1)),
  Transpose: ({ x }, { perm }) => transpose(x!, perm ?? [...x!.shape.keys()].reverse()),
  BroadcastTo: ({ x }, { shape }) => expand(x!, shape),
  Concat: (inputs, { axis }) => {
    const parts = Object.values(inputs);
    return concat(parts, axisOf(axis, parts[0]!.shape.length));
  },
  Pack: (inputs, { axis }) => {
    const parts = Object.values(inputs);
    const at = axisOf(axis, parts[0]!.shape.length + 1);
    return concat(
      parts.map((part) => unsqueeze(part, at)),
      at,
    );
  },
  Unpack: ({ value }, { axis }) => {
    const at = axisOf(axis, value!.shape.length);
    const rest = value!.shape.filter((_, i) => i !== at);
    return parts(value!, Array(value!.shape[at]).fill(1), at).map((part) => reshape(part, rest));
  },
  SplitV: ({ x }, { numOrSizeSplits, axis }) => {
    const at = axisOf(axis, x!.shape.length);
    return parts(x!, tf.backend_util.prepareSplitSize(fakeTensor(x!), numOrSizeSplits, at), at);
  },
  Slice: ({ x }, { begin, size }) => {
    const [from, length] = tf.slice_util.parseSliceParams(fakeTensor(x!), begin, size);
    return slice(x!, from!, length!);
  },
  StridedSlice: ({ x }, { begin, end, strides, beginMask, endMask, ellipsisMask, newAxisMask, shrinkAxisMask }) => {
    const info = tf.slice_util.sliceInfo(
      [...x!.shape],
      begin,
      end,
      strides,
      beginMask,
      endMask,
      ellipsisMask,
      newAxisMask,
      shrinkAxisMask,
    );
    const size = tf.slice_util.computeOutShape(info.begin, info.end, info.strides);
    return reshape(slice(x!, info.begin, size, info.strides), info.finalShape);
  },
  PadV2: ({ x }, { paddings, constantValue }) =>
    cast(pad(cast(x!, 'float32'), column(paddings, 0), column(paddings, 1), constantValue ?? 0), x!.dtype),
  MirrorPad: ({ x }, { paddings, mode }) => {
    if (mode !== 'reflect') throw new Untraceable(`mirrorPad with mode ${mode}`);
    return pad(x!, column(paddings, 0), column(paddings, 1), mode);
  },
  Reverse: ({ x }, { dims }) => reverse(x!, axesOf(dims, x!.shape.length)),
  Tile: ({ x }, { reps }) => tile(x!, reps),
  GatherV2: ({ x, indices }, { axis, batchDims = 0 }) => {
    if (batchDims !== 0) throw new Untraceable('gather with batch dimensions');
    return gather(x!, indices!, axisOf(axis, x!.shape.length));
  },
  OneHot: ({ indices }, { depth, onValue, offValue, dtype }) => {
    const classes = constant(
      indices!.graph,
      Int32Array.from({ length: depth }, (_, i) => i),
      [depth],
      'int32',
    );
    const hit = binary('equal', unsqueeze(indices!, indices!.shape.length), classes);
    const fill = (value: number): Node => splat(hit.graph, value, [], dtype ?? 'int32');
    return select(hit, fill(onValue), fill(offValue));
  },
  Fill: (_, { shape, value, dtype }, graph) => splat(graph, value, shape, (dtype ?? 'float32') as Dtype),
  Range: (_, { start, stop, step, dtype }, graph) => {
    const sign = start < stop && step < 0 ? -step : start > stop && step > 0 ? -step : step;
    const length = Math.max(0, Math.ceil((stop - start) / sign));
    const values = Array.from({ length }, (_, i) => start + i * sign);
    const data = dtype === 'int32' ? Int32Array.from(values) : Float32Array.from(values);
    return constant(graph, data, [length], dtype ?? 'float32');
  },
  LinSpace: (_, { start, stop, num }, graph) => {
    const step = num > 1 ? (stop - start) / (num - 1) : 0;
    return constant(
      graph,
      Float32Array.from({ length: num }, (_, i) => start + i * step),
      [num],
    );
  },
  DepthToSpace: ({ x }, { blockSize, dataFormat }) => {
    if (dataFormat === 'NCHW') throw new Untraceable('depthToSpace on NCHW images');
    const [b, h, w, c] = x!.shape as [number, number, number, number];
    const depth = c / blockSize ** 2;
    const blocks = transpose(reshape(x!, [b, h, w, blockSize, blockSize, depth]), [0, 1, 3, 2, 4, 5]);
    return reshape(blocks, [b, h * blockSize, w * blockSize, depth]);
  },
};

const column = (paddings: readonly (readonly [number, number])[], i: 0 | 1): number[] => paddings.map((p) => p[i]);

/** tfjs's helpers ask a tensor for its shape only. */
const fakeTensor = ({ shape }: Node): tf.Tensor => ({ shape: [...shape], rank: shape.length }) as unknown as tf.Tensor;

function parts(x: Node, sizes: readonly number[], axis: number): Node[] {
  let start = 0;
  return sizes.map((length) => {
    const begin = x.shape.map((_, i) => (i === axis ? start : 0));
    start += length;
    return slice(
      x,
      begin,
      x.shape.map((n, i) => (i === axis ? length : n)),
    );
  });
}
