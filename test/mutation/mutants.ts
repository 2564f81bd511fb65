import { createHash } from 'node:crypto';
import { type Node, parse } from 'acorn';

/** One change of one place of a compiled file. */
export interface Mutant {
  /** Tells it from all others, also after other places of the file have changed. */
  readonly id: string;
  readonly file: string;
  readonly line: number;
  readonly start: number;
  readonly end: number;
  /** Where its expression begins: run wherever the change shows. */
  readonly place: number;
  readonly kind: Kind;
  readonly was: string;
  readonly now: string;
  /** The line that it changes. */
  readonly text: string;
}

type Kind = 'sign' | 'constant' | 'index' | 'comparison' | 'operator';
type Change = Pick<Mutant, 'start' | 'end' | 'place' | 'kind' | 'now'>;
// biome-ignore lint/suspicious/noExplicitAny: a syntax tree, walked by its keys
type Tree = Node & Record<string, any>;

const BINARY: Record<string, readonly [Kind, string]> = {
  ...{ '+': ['sign', '-'], '-': ['sign', '+'], '+=': ['sign', '-='], '-=': ['sign', '+='] },
  ...{ '*': ['operator', '/'], '/': ['operator', '*'], '**': ['operator', '*'], '%': ['operator', '*'] },
  ...{ '*=': ['operator', '/='], '&&': ['operator', '||'], '||': ['operator', '&&'] },
  ...{ '<': ['comparison', '>='], '>=': ['comparison', '<'], '>': ['comparison', '<='], '<=': ['comparison', '>'] },
  ...{ '===': ['comparison', '!=='], '!==': ['comparison', '==='] },
};

const CALLS: Record<string, readonly [Kind, string]> = {
  ...{ 'tf.add': ['sign', 'tf.sub'], 'tf.sub': ['sign', 'tf.add'], 'tf.neg': ['sign', 'tf.abs'] },
  ...{ 'tf.mul': ['operator', 'tf.div'], 'tf.div': ['operator', 'tf.mul'] },
  ...{ 'tf.greater': ['comparison', 'tf.less'], 'tf.equal': ['comparison', 'tf.notEqual'] },
  ...{
    'tf.notEqual': ['comparison', 'tf.equal'],
    'Math.max': ['operator', 'Math.min'],
    'Math.min': ['operator', 'Math.max'],
  },
};

/** Texts and what only decides a message are left alone. */
const isText = (node: Tree): boolean =>
  ['ImportDeclaration', 'ExportNamedDeclaration-source', 'TemplateLiteral', 'ThrowStatement'].includes(node.type) ||
  (node.type === 'CallExpression' && node.callee.name === 'problem');

const isString = (node: Tree): boolean =>
  node.type === 'TemplateLiteral' || (node.type === 'Literal' && typeof node.value === 'string');

/** Another number: 0 to 1, an integer one up, any other half as much again. */
const another = (value: number): string =>
  String(Number.isInteger(value) && Math.abs(value) < 1e6 ? value + 1 : value * 1.5);

function changesAt(node: Tree, parent: Tree | undefined, text: string): Change[] {
  const { type, start, end } = node;
  if (type === 'BinaryExpression' || type === 'LogicalExpression' || type === 'AssignmentExpression') {
    const change = BINARY[node.operator];
    if (!change || isString(node.left) || isString(node.right)) return [];
    const at = text.indexOf(node.operator, node.left.end);
    return [{ start: at, end: at + node.operator.length, place: start, kind: change[0], now: change[1] }];
  }
  if (type === 'UnaryExpression' && node.operator === '-')
    return [{ start, end: start + 1, place: start, kind: 'sign', now: '' }];
  if (type === 'CallExpression') {
    const change = CALLS[text.slice(node.callee.start, node.callee.end)];
    if (!change) return [];
    return [{ start: node.callee.start, end: node.callee.end, place: start, kind: change[0], now: change[1] }];
  }
  if (type === 'Literal' && typeof node.value === 'number') {
    const isIndex = parent?.type === 'MemberExpression' && parent.property === node;
    return [{ start, end, place: start, kind: isIndex ? 'index' : 'constant', now: another(node.value) }];
  }
  return [];
}

function walk(node: Tree, parent: Tree | undefined, text: string, found: Change[]): void {
  if (isText(node)) return;
  found.push(...changesAt(node, parent, text));
  for (const [key, child] of Object.entries(node)) {
    if (key === 'key' && !node.computed) continue;
    for (const part of Array.isArray(child) ? child : [child])
      if (typeof part?.type === 'string') walk(part as Tree, node, text, found);
  }
}

/** Every mutant of a compiled file. */
export function mutantsOf(file: string, text: string): Mutant[] {
  const found: Change[] = [];
  walk(parse(text, { ecmaVersion: 'latest', sourceType: 'module' }) as Tree, undefined, text, found);
  const seen = new Map<string, number>();
  return found.map((change) => {
    const from = text.lastIndexOf('\n', change.start) + 1;
    const line = text.slice(from, text.indexOf('\n', change.start)).trim();
    const was = text.slice(change.start, change.end);
    const name = `${file} ${line} ${change.start - from} ${was} ${change.now}`;
    const count = seen.get(name) ?? 0;
    seen.set(name, count + 1);
    const id = createHash('sha256').update(`${name} ${count}`).digest('hex').slice(0, 12);
    return { ...change, id, file, was, text: line, line: text.slice(0, change.start).split('\n').length };
  });
}

/** So many of them, by a seed: the same ones while their lines stay the same. */
export function sample(mutants: readonly Mutant[], count: number, seed: number): Mutant[] {
  const rank = ({ id }: Mutant): string => createHash('sha256').update(`${seed} ${id}`).digest('hex');
  return [...mutants].sort((a, b) => (rank(a) < rank(b) ? -1 : 1)).slice(0, count);
}
