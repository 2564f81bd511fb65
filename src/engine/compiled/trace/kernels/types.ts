import { problem } from '../../../../core/errors.js';
import { binary, mul, select, unary } from '../../ir/elementwise.js';
import { type Graph, type Node, splat } from '../../ir/node.js';

/** Attributes of a kernel call; every kernel knows its own. */
// biome-ignore lint/suspicious/noExplicitAny: tfjs types them as a union that no kernel could read without a cast
export type Attributes = any;

/** How one tfjs kernel is said in the intermediate form. */
export type Kernel = (inputs: Readonly<Record<string, Node>>, attributes: Attributes, graph: Graph) => Node | Node[];

/** Axes as tfjs takes them (one, several, none for all; negative ones count from the end), sorted. */
export function axesOf(axis: number | readonly number[] | null | undefined, rank: number): number[] {
  const list = axis === undefined || axis === null ? Array.from({ length: rank }, (_, i) => i) : [axis].flat();
  return list.map((a) => axisOf(a as number, rank)).sort((a, b) => a - b);
}

export function axisOf(axis: number, rank: number): number {
  const positive = axis < 0 ? axis + rank : axis;
  if (positive < 0 || positive >= rank) throw problem('compile', `an axis must be below ${rank}`, axis);
  return positive;
}

/** The activation that a fused kernel ends with. */
export function elementwiseActivation(
  x: Node,
  { activation = 'linear', leakyreluAlpha }: Attributes,
  slope?: Node,
): Node {
  if (activation === 'linear') return x;
  if (activation === 'prelu') return select(binary('greater', x, splat(x.graph, 0)), x, mul(x, slope!));
  if (activation === 'leakyrelu') return unary('leakyRelu', x, { alpha: leakyreluAlpha });
  if (activation === 'relu6') return binary('min', unary('relu', x), splat(x.graph, 6));
  return unary(activation, x);
}
