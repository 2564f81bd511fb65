/** The elementwise functions: name -> ONNX operator, and the same on numbers, for constant folding. */
import type { Attributes, Dtype } from './node.js';

type Unary = {
  readonly onnx: string;
  readonly fold: (x: number, attributes: Attributes) => number;
  readonly dtype?: Dtype;
};
type Binary = {
  readonly onnx: string;
  readonly fold: (a: number, b: number) => number;
  readonly dtype?: Dtype;
  readonly commutes?: boolean;
};

/** Functions of one number. */
export const unaryTable: Readonly<Record<string, Unary>> = {
  neg: { onnx: 'Neg', fold: (x) => -x },
  abs: { onnx: 'Abs', fold: Math.abs },
  exp: { onnx: 'Exp', fold: Math.exp },
  log: { onnx: 'Log', fold: Math.log },
  sqrt: { onnx: 'Sqrt', fold: Math.sqrt },
  reciprocal: { onnx: 'Reciprocal', fold: (x) => 1 / x },
  relu: { onnx: 'Relu', fold: (x) => Math.max(x, 0) },
  leakyRelu: { onnx: 'LeakyRelu', fold: (x, { alpha }) => (x < 0 ? x * Number(alpha) : x) },
  elu: { onnx: 'Elu', fold: (x) => (x < 0 ? Math.expm1(x) : x) },
  sigmoid: { onnx: 'Sigmoid', fold: (x) => 1 / (1 + Math.exp(-x)) },
  tanh: { onnx: 'Tanh', fold: Math.tanh },
  softplus: { onnx: 'Softplus', fold: (x) => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x))) },
  erf: { onnx: 'Erf', fold: () => Number.NaN },
  sign: { onnx: 'Sign', fold: Math.sign },
  floor: { onnx: 'Floor', fold: Math.floor },
  ceil: { onnx: 'Ceil', fold: Math.ceil },
  round: { onnx: 'Round', fold: roundHalfEven },
  sin: { onnx: 'Sin', fold: Math.sin },
  cos: { onnx: 'Cos', fold: Math.cos },
  tan: { onnx: 'Tan', fold: Math.tan },
  asin: { onnx: 'Asin', fold: Math.asin },
  acos: { onnx: 'Acos', fold: Math.acos },
  atan: { onnx: 'Atan', fold: Math.atan },
  sinh: { onnx: 'Sinh', fold: Math.sinh },
  cosh: { onnx: 'Cosh', fold: Math.cosh },
  not: { onnx: 'Not', fold: (x) => (x ? 0 : 1), dtype: 'bool' },
  isNaN: { onnx: 'IsNaN', fold: (x) => (Number.isNaN(x) ? 1 : 0), dtype: 'bool' },
  isInf: { onnx: 'IsInf', fold: (x) => (Math.abs(x) === Number.POSITIVE_INFINITY ? 1 : 0), dtype: 'bool' },
};

/** Functions of two numbers. */
export const binaryTable: Readonly<Record<string, Binary>> = {
  add: { onnx: 'Add', fold: (a, b) => a + b, commutes: true },
  sub: { onnx: 'Sub', fold: (a, b) => a - b },
  mul: { onnx: 'Mul', fold: (a, b) => a * b, commutes: true },
  div: { onnx: 'Div', fold: (a, b) => a / b },
  pow: { onnx: 'Pow', fold: (a, b) => a ** b },
  max: { onnx: 'Max', fold: Math.max, commutes: true },
  min: { onnx: 'Min', fold: Math.min, commutes: true },
  equal: { onnx: 'Equal', fold: (a, b) => +(a === b), dtype: 'bool', commutes: true },
  greater: { onnx: 'Greater', fold: (a, b) => +(a > b), dtype: 'bool' },
  greaterEqual: { onnx: 'GreaterOrEqual', fold: (a, b) => +(a >= b), dtype: 'bool' },
  and: { onnx: 'And', fold: (a, b) => +(!!a && !!b), dtype: 'bool', commutes: true },
  or: { onnx: 'Or', fold: (a, b) => +(!!a || !!b), dtype: 'bool', commutes: true },
  xor: { onnx: 'Xor', fold: (a, b) => +(!!a !== !!b), dtype: 'bool', commutes: true },
};

function roundHalfEven(x: number): number {
  const low = Math.floor(x);
  if (x - low !== 0.5) return Math.round(x);
  return low % 2 === 0 ? low : low + 1;
}
