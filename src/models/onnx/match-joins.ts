/** Layers of two values, or spelled out in several nodes: differences, quotients, bounds, functions that shrink. */
import { problem } from '../../core/errors.js';
import type { Layer } from '../../core/types.js';
import { type Known, numberOf } from './known.js';
import { found, type Matcher, makerIs, scalar, sides } from './match-linear.js';

const NEGATED: Layer = { kind: 'scale', factor: -1 };

const MOST_CHANNELS = 2 ** 16;

/** x minus a number, the same for every channel. */
export function lessBy(by: number, name: string, known: Known): Layer[] {
  const shape = known.shape(name);
  const channels = (shape.length === 4 ? shape[1] : shape.at(-1))!;
  if (channels > MOST_CHANNELS)
    throw problem(known.where, `a number is added to at most ${MOST_CHANNELS} channels`, channels);
  const mean = new Array<number>(channels).fill(by);
  return by === 0 ? [] : [{ kind: 'normalize', mean, std: mean.map(() => 1) }];
}

/** max(x, a number), min(x, a number), or both. */
export function bounded(name: string, low: number, high: number, known: Known): Layer[] {
  if (low === -1 && high === 1) return [{ kind: 'hardtanh' }];
  if (low > -HUGE && high < HUGE) return [{ kind: 'hardtanh', low, high }];
  if (low > -HUGE) return [...lessBy(low, name, known), { kind: 'relu' }, ...lessBy(-low, name, known)];
  if (high >= HUGE) return [];
  const below = [NEGATED, ...lessBy(-high, name, known)];
  return [...below, { kind: 'relu' }, NEGATED, ...lessBy(-high, name, known)];
}

/** As large as exporters write a bound that is none. */
const HUGE = 3.4e38;

/** Max and Min of a value and a number. */
export const oneBound: Matcher = (node, known) => {
  const part = node.inputs.length === 2 ? sides(node, known) : undefined;
  const by = scalar(part?.fixed);
  if (!part || Number.isNaN(by)) return undefined;
  const [low, high] = node.op === 'Max' ? [by, HUGE] : [-HUGE, by];
  return found(part.data, low === 0 ? [{ kind: 'relu' }] : bounded(part.data, low, high, known));
};

/** A number minus x. */
export const lessThis: Matcher = (node, known) => {
  const part = sides(node, known);
  const by = scalar(part?.fixed);
  if (!part || Number.isNaN(by) || part.data !== node.inputs[1]) return undefined;
  return found(part.data, [NEGATED, ...lessBy(-by, part.data, known)]);
};

/** A number over x. */
export const overThis: Matcher = (node, known) => {
  const part = sides(node, known);
  const by = scalar(part?.fixed);
  if (!part || Number.isNaN(by) || part.data !== node.inputs[1]) return undefined;
  const after: Layer[] = by === 1 ? [] : [{ kind: 'scale', factor: by }];
  return found(part.data, [{ kind: 'reciprocal' }, ...after]);
};

/** x / (1 + |x|). */
export const softsign: Matcher = (node, known) => {
  const [x, by] = node.inputs as [string, string];
  const lifted = makerIs(by, 'Add', known);
  const part = lifted && sides(lifted, known);
  const size = part && scalar(part.fixed) === 1 ? makerIs(part.data, 'Abs', known) : undefined;
  return size?.inputs[0] === x ? found(x, [{ kind: 'softsign' }]) : undefined;
};

/** x - tanh x. */
export const tanhshrink: Matcher = (node, known) => {
  const [x, by] = node.inputs as [string, string];
  return makerIs(by, 'Tanh', known)?.inputs[0] === x ? found(x, [{ kind: 'tanhshrink' }]) : undefined;
};

/** log sigmoid x. */
export const logSigmoid: Matcher = (node, known) => {
  const inner = makerIs(node.inputs[0]!, 'Sigmoid', known);
  return inner && found(inner.inputs[0]!, [{ kind: 'logSigmoid' }]);
};

/** x moved towards 0 by lambda, where |x| > lambda. */
function isMoved(name: string, x: string, lambda: number, known: Known): boolean {
  const node = makerIs(name, 'Sub', known);
  const times = node?.inputs[0] === x ? makerIs(node.inputs[1]!, 'Mul', known) : undefined;
  const part = times && sides(times, known);
  return scalar(part?.fixed) === lambda && makerIs(part!.data, 'Sign', known)?.inputs[0] === x;
}

/** Where |x| <= lambda 0, else x (hardshrink); where |x| > lambda x - lambda sign x, else 0 (softshrink). */
export const shrunk: Matcher = (node, known) => {
  const [test, yes, no] = node.inputs as [string, string, string];
  const compared = known.maker(test);
  const part = compared && sides(compared, known);
  const size = part && makerIs(part.data, 'Abs', known);
  const [x, lambda] = [size?.inputs[0] ?? '', scalar(part?.fixed)];
  if (x === '' || Number.isNaN(lambda) || compared!.inputs[0] !== part!.data) return undefined;
  if (compared!.op === 'LessOrEqual' && no === x && scalar(known.constant(yes)) === 0)
    return found(x, [{ kind: 'hardshrink', lambda }]);
  const nothing = makerIs(no, 'Mul', known);
  const zero = nothing ? sides(nothing, known)?.fixed : known.constant(no);
  if (compared!.op !== 'Greater' || scalar(zero) !== 0 || !isMoved(yes, x, lambda, known)) return undefined;
  return found(x, [{ kind: 'softshrink', lambda }]);
};

/** The same as one node: x - bias or x + bias beyond lambda. */
export const shrinkNode: Matcher = ({ inputs, attributes }) => {
  const [lambda, bias] = [numberOf(attributes.lambd, 0.5), numberOf(attributes.bias, 0)];
  if (bias !== 0 && bias !== lambda) return undefined;
  return found(inputs[0]!, [{ kind: bias === 0 ? 'hardshrink' : 'softshrink', lambda }]);
};
