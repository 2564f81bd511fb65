import { add, binary, cast, mul, neg, select, sub, unary } from '../../ir/elementwise.js';
import { type Node, splat } from '../../ir/node.js';
import { unsqueeze } from '../../ir/shape.js';
import type { Kernel } from './types.js';

const float = (x: Node): Node => cast(x, 'float32');
const number = (x: Node, value: number): Node => splat(x.graph, Math.fround(value), [], x.dtype);
const one =
  (op: string): Kernel =>
  ({ x }) =>
    unary(op, x!);
const oneFloat =
  (op: string): Kernel =>
  ({ x }) =>
    unary(op, float(x!));
const two =
  (op: string): Kernel =>
  ({ a, b }) =>
    binary(op, a!, b!);
const turned =
  (op: string): Kernel =>
  ({ a, b }) =>
    binary(op, b!, a!);

const square = (x: Node): Node => mul(x, x);
const not = (x: Node): Node => unary('not', x);
const floorDivision = (a: Node, b: Node): Node => cast(unary('floor', binary('div', float(a), float(b))), a.dtype);

/** Kernels that treat every entry alike. */
export const elementwise: Readonly<Record<string, Kernel>> = {
  Neg: one('neg'),
  Abs: one('abs'),
  Sign: one('sign'),
  Floor: one('floor'),
  Ceil: one('ceil'),
  Round: one('round'),
  Relu: one('relu'),
  Exp: oneFloat('exp'),
  Log: oneFloat('log'),
  Sqrt: oneFloat('sqrt'),
  Sigmoid: oneFloat('sigmoid'),
  Tanh: oneFloat('tanh'),
  Softplus: oneFloat('softplus'),
  Elu: oneFloat('elu'),
  Erf: oneFloat('erf'),
  Sin: oneFloat('sin'),
  Cos: oneFloat('cos'),
  Tan: oneFloat('tan'),
  Asin: oneFloat('asin'),
  Acos: oneFloat('acos'),
  Atan: oneFloat('atan'),
  Sinh: oneFloat('sinh'),
  Cosh: oneFloat('cosh'),
  Reciprocal: oneFloat('reciprocal'),
  LogicalNot: one('not'),
  IsNan: one('isNaN'),
  IsInf: one('isInf'),
  IsFinite: ({ x }) => not(binary('or', unary('isNaN', x!), unary('isInf', x!))),
  Square: ({ x }) => square(x!),
  Rsqrt: ({ x }) => unary('reciprocal', unary('sqrt', float(x!))),
  Expm1: ({ x }) => sub(unary('exp', float(x!)), number(float(x!), 1)),
  Log1p: ({ x }) => unary('log', add(float(x!), number(float(x!), 1))),
  LeakyRelu: ({ x }, { alpha }) => unary('leakyRelu', float(x!), { alpha }),
  Prelu: ({ x, alpha }) => select(binary('greater', x!, number(x!, 0)), x!, mul(x!, alpha!)),
  Relu6: ({ x }) => binary('min', unary('relu', x!), number(x!, 6)),
  ClipByValue: ({ x }, { clipValueMin, clipValueMax }) =>
    binary('min', binary('max', x!, number(x!, clipValueMin)), number(x!, clipValueMax)),
  Selu: ({ x }) =>
    mul(
      select(binary('greater', x!, number(x!, 0)), x!, mul(unary('elu', x!), number(x!, 1.6732632423543772))),
      number(x!, 1.0507009873554805),
    ),
  Step: ({ x }, { alpha = 0 }) => {
    const positive = cast(binary('greater', x!, number(x!, 0)), x!.dtype);
    return alpha === 0 ? positive : add(mul(positive, number(x!, 1 - alpha)), number(x!, alpha));
  },
  Add: two('add'),
  Sub: two('sub'),
  Multiply: two('mul'),
  RealDiv: ({ a, b }) => binary('div', float(a!), float(b!)),
  FloorDiv: ({ a, b }) => floorDivision(a!, b!),
  Mod: ({ a, b }) => sub(a!, mul(floorDivision(a!, b!), b!)),
  Pow: two('pow'),
  Maximum: two('max'),
  Minimum: two('min'),
  SquaredDifference: ({ a, b }) => square(sub(a!, b!)),
  Equal: two('equal'),
  NotEqual: ({ a, b }) => not(binary('equal', a!, b!)),
  Greater: two('greater'),
  GreaterEqual: two('greaterEqual'),
  Less: turned('greater'),
  LessEqual: turned('greaterEqual'),
  LogicalAnd: two('and'),
  LogicalOr: two('or'),
  LogicalXor: two('xor'),
  AddN: (inputs) => Object.values(inputs).reduce(add),
  Select: ({ condition, t, e }) => {
    let mask = condition!;
    while (mask.shape.length < t!.shape.length) mask = unsqueeze(mask, mask.shape.length);
    return select(mask, t!, e!);
  },
  Cast: ({ x }, { dtype }) => cast(x!, dtype),
  Identity: ({ x }) => x!,
  ZerosLike: ({ x }) => splat(x!.graph, 0, x!.shape, x!.dtype),
  OnesLike: ({ x }) => splat(x!.graph, 1, x!.shape, x!.dtype),
  EluGrad: ({ dy, y }) => mul(dy!, select(binary('greater', y!, number(y!, 0)), number(y!, 1), add(y!, number(y!, 1)))),
  Atan2: ({ a, b }) => {
    const quotient = unary('atan', binary('div', a!, b!));
    const pi = select(binary('greaterEqual', a!, number(a!, 0)), number(a!, Math.PI), neg(number(a!, Math.PI)));
    return select(binary('greater', b!, number(b!, 0)), quotient, add(quotient, pi));
  },
};
