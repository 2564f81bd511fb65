/**
 * The gradient of a dense layer is a product x^T d of two thin matrices: 2 million entries that hold a few thousand
 * numbers. Attacks compare it with an observed matrix T, and FedAvg multiplies it into the next forward pass. This pass
 * never forms it where linear algebra allows:
 *
 *     A (c P Q + M)           = c (A P) Q + A M
 *     sum((P Q) * (P' Q'))    = sum((P^T P') * (Q Q'^T))
 *     sum((P Q) * M)          = sum(P * (M Q^T))
 *
 * Faster, and more accurate, because no float32 sum runs over millions of entries. Where an entry-by-entry function
 * needs the matrix (interval and sign objectives), it is formed and used as before.
 */
import { add, binary, cast, mul, unary } from './elementwise.js';
import { binaryTable, unaryTable } from './functions.js';
import { matmul } from './linear.js';
import { inOrder, type Node, node, splat } from './node.js';
import { allAxes, sum } from './reduce.js';
import { concat, reshape, swap, transpose } from './shape.js';

/** factor * left right, or factor * left where `right` is absent. No factor: 1. */
interface Term {
  readonly factor?: Node;
  readonly left: Node;
  readonly right?: Node;
}

/** The same outputs without needless products of thin matrices. */
export function avoidOuterProducts(outputs: readonly Node[]): Node[] {
  const order = inOrder(outputs);
  const formed = formedAnyway(order, outputs);
  const fresh = new Map<Node, Node>();
  for (const n of order) {
    const inputs = n.inputs.map((x) => fresh.get(x)!);
    fresh.set(n, rewritten(n, inputs, formed));
  }
  return outputs.map((n) => fresh.get(n)!);
}

function rewritten(n: Node, inputs: readonly Node[], formed: ReadonlySet<Node>): Node {
  if (n.op === 'matmul' && n.shape.length === 2) return product(inputs[0]!, inputs[1]!);
  if (isTotal(n) && isMatrixProduct(n.inputs[0]!) && !n.inputs[0]!.inputs.some((x) => formed.has(x))) {
    const [x, y] = inputs[0]!.op === 'mul' ? inputs[0]!.inputs : [];
    if (x && y && isMatrix(x) && isMatrix(y)) return inner(x, y) ?? sum(inputs[0]!, allAxes(inputs[0]!));
  }
  if (n.inputs.every((x, i) => x === inputs[i])) return n;
  if (n.op in binaryTable) return binary(n.op, inputs[0]!, inputs[1]!);
  if (n.op in unaryTable) return unary(n.op, inputs[0]!, n.attributes);
  if (n.op === 'sum') return sum(inputs[0]!, n.attributes.axes as readonly number[]);
  if (n.op === 'reshape') return reshape(inputs[0]!, n.shape);
  if (n.op === 'transpose') return transpose(inputs[0]!, n.attributes.permutation as readonly number[]);
  return node(n.graph, n.op, inputs, n.shape, n.dtype, n.attributes);
}

const isMatrix = (n: Node): boolean => n.shape.length === 2;
const isTotal = (n: Node): boolean => n.op === 'sum' && n.shape.length === 0;
/** Entries of two matrices multiplied, as opposed to a matrix times one number. */
const isMatrixProduct = (n: Node): boolean => n.op === 'mul' && n.inputs.every((x) => isMatrix(x) && x.size === n.size);
const isScaled = (n: Node): boolean => n.op === 'mul' && n.inputs.some((x) => x.size === 1) && isMatrix(n);
const isLinear = (n: Node): boolean =>
  isMatrix(n) && (n.op === 'neg' || n.op === 'transpose' || isScaled(n) || isSameShapeSum(n));
const isSameShapeSum = (n: Node): boolean =>
  (n.op === 'add' || n.op === 'sub') && n.inputs.every((x) => x.size === n.size && isMatrix(x));
/** Thin enough that its factors hold far less than the product. */
function isThin(n: Node): boolean {
  if (n.op !== 'matmul' || !isMatrix(n)) return false;
  const [m, width] = n.shape as [number, number];
  const k = n.inputs[0]!.shape[1]!;
  return 2 * k * (m + width) <= m * width;
}

/** Matrices that some operation needs entry by entry, so that they are formed whatever this pass does. */
function formedAnyway(order: readonly Node[], outputs: readonly Node[]): Set<Node> {
  const users = new Map<Node, Node[]>();
  for (const n of order) for (const x of n.inputs) users.set(x, [...(users.get(x) ?? []), n]);
  const formed = new Set<Node>(outputs);
  for (const n of [...order].reverse()) {
    const needs = (user: Node): boolean => {
      if (user.op === 'matmul') return false;
      if (isLinear(user)) return formed.has(user);
      return !(isMatrixProduct(user) && (users.get(user) ?? []).every(isTotal));
    };
    if ((users.get(n) ?? []).some(needs)) formed.add(n);
  }
  return formed;
}

/** The same sum with one thin product: factors side by side. */
function joined(list: readonly Term[]): Term[] {
  const thin = list.filter(({ right }) => right);
  if (thin.length < 2) return [...list];
  const left = thin.map((term) => term.left);
  const right = thin.map((term) => times(term.right!, term.factor));
  return [...list.filter((term) => !term.right), { left: concat(left, 1), right: concat(right, 0) }];
}

/** A matrix as a sum of thin products and whole matrices. */
function terms(n: Node): Term[] {
  if (isThin(n)) return [{ left: n.inputs[0]!, right: n.inputs[1]! }];
  const parts = isLinear(n) ? expanded(n) : [];
  return parts.some((term) => term.right) ? parts : [{ left: n }];
}

function expanded(n: Node): Term[] {
  const [x, y] = n.inputs as [Node, Node];
  if (n.op === 'add') return [...terms(x), ...terms(y)];
  if (n.op === 'sub') return [...terms(x), ...scaled(terms(y), splat(n.graph, -1))];
  if (n.op === 'neg') return scaled(terms(x), splat(n.graph, -1));
  if (n.op === 'mul') return x.size === 1 ? scaled(terms(y), x) : scaled(terms(x), y);
  return terms(x).map(({ factor, left, right }) => ({ factor, left: swap(right ?? left), right: right && swap(left) }));
}

function scaled(list: readonly Term[], by: Node): Term[] {
  const number = reshape(by, []);
  return list.map((term) => ({ ...term, factor: term.factor ? mul(term.factor, number) : number }));
}

const times = (x: Node, factor: Node | undefined): Node => (factor ? mul(x, factor) : x);
const isLowRank = (list: readonly Term[]): boolean => list.some((term) => term.right);

function product(a: Node, b: Node): Node {
  const right = joined(terms(b));
  if (isLowRank(right))
    return right
      .map((term) => {
        const first = product(a, term.left);
        return times(term.right ? product(first, term.right) : first, term.factor);
      })
      .reduce(add);
  const left = joined(terms(a));
  if (isLowRank(left))
    return left
      .map((term) => times(product(term.left, term.right ? product(term.right, b) : b), term.factor))
      .reduce(add);
  return matmul(a, b);
}

/** sum(x * y), or undefined when neither side has thin terms. */
function inner(x: Node, y: Node): Node | undefined {
  const [a, b] = [joined(terms(x)), joined(terms(y))];
  if (!isLowRank(a) && !isLowRank(b)) return undefined;
  const parts = a.flatMap((p) => b.map((q) => scaledBy(scaledBy(innerTerm(p, q), p.factor), q.factor)));
  return cast(parts.reduce(add), 'float32');
}

const scaledBy = (x: Node, factor: Node | undefined): Node => (factor ? mul(x, cast(factor, x.dtype)) : x);

/** The parts of |P Q - M|^2 cancel near the truth: summed in float64, over few entries, so at no cost. */
function innerTerm(p: Term, q: Term): Node {
  if (!p.right) return q.right ? innerTerm(q, p) : dot(p.left, q.left);
  if (!q.right) return dot(p.left, product(q.left, swap(p.right)));
  if (p.left.id > q.left.id) return innerTerm(q, p);
  return node(p.left.graph, 'gramDot', [p.left, p.right, q.left, q.right], [], 'float64');
}

/** sum(x * y) in float64. */
const dot = (x: Node, y: Node): Node => (x.id > y.id ? dot(y, x) : node(x.graph, 'dot', [x, y], [], 'float64'));
