import { add, cast, mul, sub, unary } from '../../ir/elementwise.js';
import { type Node, splat } from '../../ir/node.js';
import { argExtreme, cumulate, extreme, mean, sum } from '../../ir/reduce.js';
import { reshape } from '../../ir/shape.js';
import { axesOf, axisOf, type Kernel } from './types.js';

type Reduction = (x: Node, axes: readonly number[]) => Node;

/** tfjs hands the axes over as `axis` or `reductionIndices`. */
const over =
  (reduce: Reduction): Kernel =>
  ({ x }, { axis, reductionIndices, keepDims }) => {
    const axes = axesOf(axis ?? reductionIndices, x!.shape.length);
    const y = reduce(x!, axes);
    return keepDims
      ? reshape(
          y,
          x!.shape.map((n, i) => (axes.includes(i) ? 1 : n)),
        )
      : y;
  };

const asNumbers =
  (op: 'reduceMax' | 'reduceMin'): Reduction =>
  (x, axes) =>
    cast(extreme(op, cast(x, 'int32'), axes), 'bool');

const last = (x: Node, dim: number): { axes: number[]; kept: number[] } => {
  const axis = axisOf(dim ?? -1, x.shape.length);
  return { axes: [axis], kept: x.shape.map((n, i) => (i === axis ? 1 : n)) };
};

const shifted = (x: Node, dim: number): Node => {
  const { axes, kept } = last(x, dim);
  return sub(x, reshape(extreme('reduceMax', x, axes), kept));
};
const total = (x: Node, dim: number): Node => reshape(sum(x, last(x, dim).axes), last(x, dim).kept);

export const reductions: Readonly<Record<string, Kernel>> = {
  Sum: over((x, axes) => sum(x.dtype === 'bool' ? cast(x, 'int32') : x, axes)),
  Mean: over(mean),
  Max: over((x, axes) => extreme('reduceMax', x, axes)),
  Min: over((x, axes) => extreme('reduceMin', x, axes)),
  Prod: over((x, axes) => extreme('reduceProd', x, axes)),
  Any: over(asNumbers('reduceMax')),
  All: over(asNumbers('reduceMin')),
  ArgMax: ({ x }, { axis }) => argExtreme('argMax', x!, axisOf(axis, x!.shape.length)),
  ArgMin: ({ x }, { axis }) => argExtreme('argMin', x!, axisOf(axis, x!.shape.length)),
  Cumsum: ({ x }, { axis, exclusive, reverse }) => cumulate(x!, axisOf(axis, x!.shape.length), exclusive, reverse),
  Softmax: ({ logits }, { dim }) => {
    const e = unary('exp', shifted(logits!, dim));
    return mul(e, unary('reciprocal', total(e, dim)));
  },
  LogSoftmax: ({ logits }, { axis }) => {
    const s = shifted(logits!, axis);
    return sub(s, unary('log', total(unary('exp', s), axis)));
  },
  FusedBatchNorm: ({ x, mean: m, variance, offset, scale: gain }, { varianceEpsilon }) => {
    const deviation = unary('sqrt', add(variance!, splat(x!.graph, Math.fround(varianceEpsilon))));
    const normal = mul(sub(x!, m!), unary('reciprocal', deviation));
    const scaled = gain ? mul(normal, gain) : normal;
    return offset ? add(scaled, offset) : scaled;
  },
};
