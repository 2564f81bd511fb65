/** Functions of one number, as exporters spell them out in several nodes. */
import type { OnnxTensor } from '../../assets/index.js';
import type { Layer, NamedArray } from '../../core/types.js';
import { type Known, numberOf } from './known.js';
import { bounded, lessBy } from './match-joins.js';
import { backFrom, found, type Matcher, makerIs, scalar, sides } from './match-linear.js';

/** x (erf(x / sqrt 2) + 1) / 2, or x (tanh(sqrt(2 / pi) (x + 0.044715 x^3)) + 1) / 2, the factors in any order. */
export const gelu: Matcher = (node, known) => {
  const factors = (name: string, depth: number): string[] => {
    const inner = depth > 0 ? makerIs(name, 'Mul', known) : undefined;
    return inner ? inner.inputs.flatMap((one) => factors(one, depth - 1)) : [name];
  };
  const all = factors(node.outputs[0]!, 2);
  if (all.length !== 3 || !all.some((name) => scalar(known.constant(name)) === 0.5)) return undefined;
  for (const name of all) {
    const lifted = makerIs(name, 'Add', known);
    const step = lifted && known.maker(sides(lifted, known)?.data ?? '');
    const inner = step && known.maker(step.inputs[0]!);
    const part = inner && sides(inner, known);
    if (!part) continue;
    const cubed = makerIs(part.data, 'Add', known);
    const x = step.op === 'Erf' ? part.data : step.op === 'Tanh' ? cubed?.inputs.find((one) => all.includes(one)) : '';
    if (x && all.includes(x)) return found(x, [{ kind: 'gelu', form: step.op === 'Erf' ? 'exact' : 'tanh' }]);
  }
  return undefined;
};

/** x times a gate of x: SiLU, hard swish, Mish. */
export const gated: Matcher = (node, known) => {
  const [a, b] = node.inputs as [string, string];
  for (const [x, gate] of [
    [a, b],
    [b, a],
  ] as const) {
    const maker = known.maker(gate);
    const inner = maker?.op === 'Tanh' && makerIs(maker.inputs[0]!, 'Softplus', known);
    if (inner && inner.inputs[0] === x) return found(x, [{ kind: 'mish' }]);
    if (maker?.inputs[0] !== x) continue;
    if (maker.op === 'Sigmoid') return found(x, [{ kind: 'silu' }]);
    if (maker.op === 'HardSigmoid') return found(x, [{ kind: 'hardswish' }]);
  }
  return undefined;
};

export const clip: Matcher = (node, known) => {
  const bounds = [known.constant(node.inputs[1]), known.constant(node.inputs[2])].map(scalar);
  const low = node.inputs[1] ? bounds[0]! : numberOf(node.attributes.min, Number.NaN);
  const high = node.inputs[2] ? bounds[1]! : numberOf(node.attributes.max, Number.NaN);
  const [from, to] = [Number.isNaN(low) ? -Infinity : low, Number.isNaN(high) ? Infinity : high];
  if (low !== 0 || high !== 6)
    return from < to ? found(node.inputs[0]!, bounded(node.inputs[0]!, from, to, known)) : undefined;
  const before = makerIs(node.inputs[0]!, 'Relu', known);
  return found(before?.inputs[0] ?? node.inputs[0]!, [{ kind: 'relu6' }]);
};

/** log(1 + exp x), by itself or beside x where x is large. */
function logOfExp(name: string, known: Known): string | undefined {
  const log = makerIs(name, 'Log', known);
  const lifted = log && makerIs(log.inputs[0]!, 'Add', known);
  const parts = lifted && sides(lifted, known);
  const exp = parts && scalar(parts.fixed) === 1 ? makerIs(parts.data, 'Exp', known) : undefined;
  return exp && withoutFactor(exp.inputs[0]!, 1, known);
}

/** A value before it was multiplied or divided by a number. */
const withoutFactor = (name: string, factor: number, known: Known): string =>
  backFrom(name, known, (node) => {
    const part = node.op === 'Mul' || node.op === 'Div' ? sides(node, known) : undefined;
    return part && scalar(part.fixed) === factor ? part.data : undefined;
  });

export const softplus: Matcher = (node, known) => {
  const large = node.op === 'Where' ? node.inputs[1] : undefined;
  const small = node.op === 'Where' ? withoutFactor(node.inputs[2]!, 1, known) : node.outputs[0]!;
  const inner = makerIs(small, 'Softplus', known);
  const x = inner ? withoutFactor(inner.inputs[0]!, 1, known) : logOfExp(small, known);
  return x !== undefined && (large === undefined || large === x) ? found(x, [{ kind: 'softplus' }]) : undefined;
};

/** max(0, min(1, alpha x + beta)); beta is 1/2 in every framework. */
export const hardSigmoid: Matcher = ({ inputs, attributes }) => {
  if (numberOf(attributes.beta, 0.5) !== 0.5) return undefined;
  const factor = 6 * numberOf(attributes.alpha, 0.2);
  const before: Layer[] = Math.abs(factor - 1) < 1e-6 ? [] : [{ kind: 'scale', factor }];
  return found(inputs[0]!, [...before, { kind: 'hardsigmoid' }]);
};

/** x of min(6, max(0, x + 3)). */
function lineOf(name: string, known: Known): string | undefined {
  const node = known.maker(name);
  const bounded = node?.op === 'Clip' ? clip(node, known) : undefined;
  const lifted = bounded?.layers[0]?.kind === 'relu6' ? makerIs(bounded.from, 'Add', known) : undefined;
  const parts = lifted && sides(lifted, known);
  return parts && scalar(parts.fixed) === 3 ? parts.data : undefined;
}

const isSixth = (op: string, factor: number): boolean => Math.abs((op === 'Div' ? 1 / factor : factor) - 1 / 6) < 1e-6;

/** min(6, max(0, x + 3)) / 6, or x times that, as exporters before HardSigmoid and HardSwish write it. */
export const hardLine: Matcher = (node, known) => {
  const part = sides(node, known);
  if (!part) {
    const [a, b] = node.inputs as [string, string];
    const gate = [a, b].find((name) => hardGate(name, known) !== undefined);
    const x = gate && hardGate(gate, known);
    return x !== undefined && (x === a || x === b) ? found(x, [{ kind: 'hardswish' }]) : undefined;
  }
  if (!isSixth(node.op, scalar(part.fixed)) || (node.op === 'Div' && part.data !== node.inputs[0])) return undefined;
  const line = lineOf(part.data, known);
  if (line !== undefined) return found(line, [{ kind: 'hardsigmoid' }]);
  const product = makerIs(part.data, 'Mul', known);
  const gate = product?.inputs.find((name) => lineOf(name, known) !== undefined);
  const x = gate && lineOf(gate, known);
  return x !== undefined && product!.inputs.includes(x) ? found(x, [{ kind: 'hardswish' }]) : undefined;
};

function hardGate(name: string, known: Known): string | undefined {
  const node = known.maker(name);
  const match =
    node && (node.op === 'Div' || node.op === 'Mul') && sides(node, known) ? hardLine(node, known) : undefined;
  return match?.layers[0]?.kind === 'hardsigmoid' ? match.from : undefined;
}

export const scaled: Matcher = (node, known) => {
  const part = sides(node, known);
  const factor = scalar(part?.fixed);
  if (!part || Number.isNaN(factor) || factor === 0) return undefined;
  return found(part.data, [{ kind: 'scale', factor: node.op === 'Div' ? 1 / factor : factor }]);
};

/** x plus or minus a number. */
export const shifted: Matcher = (node, known) => {
  const part = sides(node, known);
  const by = scalar(part?.fixed);
  if (!part || Number.isNaN(by) || (node.op === 'Sub' && part.data !== node.inputs[0])) return undefined;
  return found(part.data, lessBy(node.op === 'Sub' ? by : -by, part.data, known));
};

/** max(0, x) + min(0, alpha (exp(x / alpha) - 1)). */
export const celu: Matcher = ({ inputs, attributes }) => {
  const alpha = numberOf(attributes.alpha, 1);
  const before: Layer[] = alpha === 1 ? [] : [{ kind: 'scale', factor: 1 / alpha }];
  const after: Layer[] = alpha === 1 ? [] : [{ kind: 'scale', factor: alpha }];
  return found(inputs[0]!, [...before, { kind: 'elu' }, ...after]);
};

/** gamma (max(0, x) + min(0, alpha (exp x - 1))), Klambauer et al. 2017. */
export const selu: Matcher = ({ inputs, attributes }) =>
  found(inputs[0]!, [
    { kind: 'elu', alpha: numberOf(attributes.alpha, 1.6732632) },
    { kind: 'scale', factor: numberOf(attributes.gamma, 1.050701) },
  ]);

const MOST_FACTORS = 4;

const POWERS: Readonly<Record<string, readonly Layer[]>> = {
  0.5: [{ kind: 'sqrt' }],
  '-0.5': [{ kind: 'sqrt' }, { kind: 'reciprocal' }],
  '-1': [{ kind: 'reciprocal' }],
};

/** x to a whole power, as a product; roots, and one over x. */
export const power: Matcher = (node, known) => {
  const n = scalar(known.constant(node.inputs[1]));
  if (Object.hasOwn(POWERS, n)) return found(node.inputs[0]!, POWERS[n]!);
  if (!Number.isInteger(n) || n < 1 || n > MOST_FACTORS) return undefined;
  if (n === 1) return found(node.inputs[0]!, []);
  return found(node.inputs[0]!, [
    { kind: 'branches', branches: Array.from({ length: n }, () => []), join: 'multiply' },
  ]);
};

/** One number for each channel: [c, 1, 1] beside a picture, [c] beside what is flat or a sequence. */
function perChannel(fixed: OnnxTensor, shape: readonly number[]): NamedArray | undefined {
  const channels = shape.length === 4 ? shape[1]! : shape.at(-1)!;
  const own = shape.length === 4 ? fixed.shape.slice(-3) : fixed.shape.slice(-1);
  const one = fixed.data.length === channels && own[0] === channels && channels > 1;
  return one ? { ...fixed, shape: [1, 1, channels] } : undefined;
}

/** A learned factor or summand of each channel. */
export const byChannel =
  (kind: 'scaleChannels' | 'shiftChannels'): Matcher =>
  (node, known) => {
    const part = sides(node, known);
    const tensor = part && perChannel(part.fixed, known.shape(part.data));
    return tensor && found(part.data, [{ kind }], [tensor]);
  };

/** What a state dict calls a tensor, and no exporter a constant. */
const LEARNED = /^(?!val_|const)[a-z_][\w.]*$/i;

/** One learned factor or summand for all. */
export const byAll =
  (kind: 'scaleChannels' | 'shiftChannels'): Matcher =>
  (node, known) => {
    const part = sides(node, known);
    if (part?.fixed.data.length !== 1 || !part.fixed.names?.some((name) => LEARNED.test(name))) return undefined;
    return found(part.data, [{ kind, shared: true }], [{ ...part.fixed, shape: [1] }]);
  };

/** max(0, x) + a max(0, -x), as TensorFlow writes a learned slope -a. */
export const preluByHand: Matcher = (node, known) => {
  for (const [a, b] of [node.inputs, [...node.inputs].reverse()] as [string, string][]) {
    const above = makerIs(a, 'Relu', known);
    const times = makerIs(b, 'Mul', known);
    const part = times && sides(times, known);
    const below = part && makerIs(part.data, 'Relu', known);
    const turned = below && makerIs(below.inputs[0]!, 'Neg', known);
    const x = above?.inputs[0];
    if (x === undefined || turned?.inputs[0] !== x) continue;
    const { fixed } = part!;
    const slope = fixed.data.length === 1 ? { ...fixed, shape: [1] } : perChannel(fixed, known.shape(x));
    if (!slope) continue;
    const data = slope.data.map((value) => -value);
    const shared = data.length === 1;
    return found(x, [{ kind: 'prelu', ...(shared && { shared }) }], [{ ...slope, shape: [data.length], data }]);
  }
  return undefined;
};

export const prelu: Matcher = ({ inputs }, known) => {
  const slope = known.constant(inputs[1]);
  const channels = known.shape(inputs[0]!)[1];
  if (!slope || (slope.data.length !== 1 && slope.data.length !== channels)) return undefined;
  const shared = slope.data.length === 1;
  return found(inputs[0]!, [{ kind: 'prelu', ...(shared && { shared }) }], [{ ...slope, shape: [slope.data.length] }]);
};
