import { inOrder, type Node } from './node.js';

/** What a graph asks of the machine, roughly. */
export interface Effort {
  /** Of all values. */
  readonly bytes: number;
  /** Multiplications in matrix products, exactly, and in convolutions, a few times too few. */
  readonly products: number;
}

const BILINEAR = new Set(['matmul', 'conv', 'convInput', 'convFilter']);

/** A product of [m, k] and [k, n] has m k n multiplications: the root of the three sizes multiplied. */
const products = ({ op, size, inputs }: Node): number =>
  BILINEAR.has(op) ? Math.sqrt(inputs.reduce((product, n) => product * n.size, size)) : 0;

/** The effort of a graph with these outputs. */
export function effortOf(outputs: readonly Node[]): Effort {
  const nodes = inOrder(outputs);
  const total = (of: (n: Node) => number): number => nodes.reduce((sum, n) => sum + of(n), 0);
  return { bytes: total(({ size }) => 4 * size), products: total(products) };
}
