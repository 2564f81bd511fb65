import type { OnnxNode } from '../../assets/index.js';
import { sizeOf } from '../../core/arrays.js';
import { type Known, numbers } from './known.js';
import { cutOf, shapeOf, slicePlaces } from './known-shapes.js';

type Compute = (
  values: readonly (readonly number[])[],
  node: OnnxNode,
  known: Known,
  whole: boolean,
) => readonly number[];

const pairs =
  (of: (a: number, b: number) => number): Compute =>
  ([a = [], b = []]) =>
    Array.from({ length: Math.max(a.length, b.length) }, (_, i) => of(a[i % a.length]!, b[i % b.length]!));

const same: Compute = ([a = []]) => a;

const EACH: Readonly<Record<string, (a: number) => number>> = {
  Sqrt: Math.sqrt,
  Exp: Math.exp,
  Log: Math.log,
  Abs: Math.abs,
  Floor: Math.floor,
  Ceil: Math.ceil,
  Neg: (a: number) => -a,
  Reciprocal: (a: number) => 1 / a,
  Not: (a: number) => Number(!a),
};

/** Constants that exported networks work out on the way: shapes, sizes of heads, transposed weights. */
export const CONSTANTS: Readonly<Record<string, Compute>> = {
  ...Object.fromEntries('Identity Unsqueeze Squeeze Reshape Flatten'.split(' ').map((op) => [op, same])),
  Cast: ([a = []], _, __, whole) => (whole ? a.map(Math.trunc) : a),
  Add: pairs((a, b) => a + b),
  Sub: pairs((a, b) => a - b),
  Mul: pairs((a, b) => a * b),
  Div: (values, node, known, whole) => pairs((a, b) => (whole ? Math.trunc(a / b) : a / b))(values, node, known, whole),
  Pow: pairs((a, b) => a ** b),
  Mod: pairs((a, b) => ((a % b) + b) % b),
  Max: pairs(Math.max),
  Min: pairs(Math.min),
  Equal: pairs((a, b) => Number(a === b)),
  Less: pairs((a, b) => Number(a < b)),
  Greater: pairs((a, b) => Number(a > b)),
  And: pairs((a, b) => Number(a && b)),
  Or: pairs((a, b) => Number(a || b)),
  ...Object.fromEntries(Object.entries(EACH).map(([op, of]): [string, Compute] => [op, ([a = []]) => a.map(of)])),
  Range: ([from = [], to = [], step = []]) =>
    Array.from({ length: Math.ceil((to[0]! - from[0]!) / step[0]!) }, (_, i) => from[0]! + i * step[0]!),
  Size: ([a = []]) => [a.length],
  ReduceProd: ([a = []], node, known) => (sizeOf(shapeOf(node, known)) === 1 ? [a.reduce((x, y) => x * y, 1)] : []),
  Where: ([test = [], a = [], b = []]) => test.map((yes, i) => (yes ? a[i % a.length]! : b[i % b.length]!)),
  Concat: (all) => all.flat(),
  ConstantOfShape: ([shape = []], { attributes }) =>
    new Array(sizeOf(shape)).fill(numbers(attributes.value, [0])[0] ?? 0) as number[],
  Expand: ([a = []], node, known) => {
    const size = sizeOf(shapeOf(node, known));
    return Array.from({ length: size }, (_, i) => a[i % a.length]!);
  },
  Gather: ([a = [], at = []], { inputs }, { shape }) =>
    shape(inputs[0]!).length === 1 ? at.map((i) => a[i < 0 ? i + a.length : i]!) : [],
  Slice: ([a = []], node, known) => {
    const sizes = known.shape(node.inputs[0]!);
    return slicePlaces(sizes, cutOf(node, known))
      .reduce<number[]>(
        (places, { start, by, length }, axis) =>
          places.flatMap((at) => Array.from({ length }, (_, i) => at * sizes[axis]! + start + i * by)),
        [0],
      )
      .map((at) => a[at]!);
  },
  Transpose: ([a = []], { inputs }, { shape }) => {
    const [rows = 1, columns = 1, ...more] = shape(inputs[0]!);
    return more.length ? [] : Array.from(a, (_, i) => a[(i % rows) * columns + Math.floor(i / rows)]!);
  },
};
