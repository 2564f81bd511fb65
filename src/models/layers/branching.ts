import { problem } from '../../core/errors.js';
import { checkAll } from '../../core/option-table.js';
import type { GraphNode, ImageShape, Join } from '../../core/types.js';
import { type Tensor, tf } from '../../engine/index.js';
import { earlier, list, lists, optional, required, nodes as someNodes, word } from './layer-options.js';
import type { Of, Place, Planned, Rule } from './types.js';

export const residual: Rule<Of<'residual'>> = {
  options: { body: required(list), shortcut: required(list) },
  plan: (layer, at, name, where, walk) => {
    const plans = [walk(layer.body, at, `${name}/body/`), walk(layer.shortcut, at, `${name}/shortcut/`)];
    return { ...joinedPlace(plans, 'add', where, `the two branches of ${name}`), ...learnedBy(plans) };
  },
  apply: ({ body, shortcut }, x, { run }) => joinedValue([run(body, x), run(shortcut, x)], 'add'),
};

const join = optional(word('concat', 'add', 'multiply', 'max'));

export const branches: Rule<Of<'branches'>> = {
  options: { branches: required(lists), join },
  plan: ({ branches: all, join = 'concat' }, at, name, where, walk) => {
    const plans = all.map((layers, k) => walk(layers, at, `${name}/${k}/`));
    return { ...joinedPlace(plans, join, where, 'the branches'), ...learnedBy(plans) };
  },
  apply: ({ branches: all, join = 'concat' }, x, { run }) =>
    joinedValue(
      all.map((layers) => run(layers, x)),
      join,
    ),
};

export const graph: Rule<Of<'graph'>> = {
  options: { nodes: required(someNodes) },
  plan: ({ nodes }, at, name, where, walk) => {
    const plans: Planned[] = [at];
    nodes.forEach((node, k) => {
      checkNode(`${where}: node ${k + 1}`, node, k);
      const { from, join = 'concat', layers } = node;
      const values = from.map((i) => plans[i]!);
      const start = joinedPlace(values, join, where, `the values that node ${k + 1} joins`);
      plans.push(walk(layers, start, `${name}/${k + 1}/`));
    });
    const taken = new Set(nodes.flatMap(({ from }) => from));
    const idle = nodes.findIndex((_, k) => k + 1 < nodes.length && !taken.has(k + 1));
    if (idle >= 0) throw problem(where, `a node after node ${idle + 1} must take it; only the last is the output`);
    const [last] = plans.slice(-1) as [Planned];
    return { ...last, ...learnedBy(plans) };
  },
  apply: ({ nodes }, x, { run }) => {
    const values = [x];
    for (const { from, join = 'concat', layers } of nodes) {
      const taken = from.map((i) => values[i]!);
      values.push(run(layers, joinedValue(taken, join)));
    }
    return values.at(-1)!;
  },
};

function checkNode(where: string, node: GraphNode, before: number): void {
  if (typeof node !== 'object' || node === null)
    throw problem(where, 'must be an object', node, "e.g. { from: [0], layers: [{ kind: 'relu' }] }");
  checkAll(where, node, { from: required(earlier(before)), join, layers: required(list) });
}

/** Where values that are joined lead; `what` they are. @throws shapes that cannot be joined so */
function joinedPlace(places: readonly Place[], join: Join, where: string, what: string): Place {
  const shapes = places.map(({ shape }) => shape);
  const [first] = shapes as [ImageShape];
  if (places.length === 1) return places[0]!;
  if (join === 'multiply') return { shape: gatedShape(shapes, where, what) };
  const compared = (shape: ImageShape): string => String(join === 'concat' ? shape.slice(0, 2) : shape);
  if (shapes.some((shape) => compared(shape) !== compared(first)))
    throw problem(where, `${what} must have one ${join === 'concat' ? 'height and width' : 'shape'}`, shapes);
  if (join === 'concat') return { shape: [first[0], first[1], shapes.reduce((sum, shape) => sum + shape[2], 0)] };
  const { flattened } = places[0]!;
  const flat = flattened && places.every((one) => String(one.flattened) === String(flattened));
  return { shape: first, ...(flat && { flattened }) };
}

/** The largest of the shapes; each of the others has it, or 1 in place of its numbers. */
function gatedShape(shapes: readonly ImageShape[], where: string, what: string): ImageShape {
  const most = [0, 1, 2].map((axis) => Math.max(...shapes.map((shape) => shape[axis]!)));
  if (shapes.some((shape) => shape.some((n, axis) => n !== 1 && n !== most[axis])))
    throw problem(where, `${what} must have one shape, or 1 in place of its numbers`, shapes);
  return most as unknown as ImageShape;
}

function joinedValue(values: readonly Tensor[], join: Join): Tensor {
  if (values.length === 1) return values[0]!;
  const alike = values.every(({ rank }) => rank === values[0]!.rank) ? values : values.map(asImage);
  if (join === 'concat') return tf.concat([...alike], -1);
  const together = { add: tf.add<Tensor>, multiply: tf.mul<Tensor>, max: tf.maximum<Tensor> }[join];
  return alike.reduce((a, b) => together(a, b));
}

const asImage = (x: Tensor): Tensor => (x.rank === 4 ? x : tf.reshape(x, [x.shape[0], 1, 1, -1]));

const learnedBy = (plans: readonly Planned[]) => ({
  specs: plans.flatMap(({ specs = [] }) => specs),
  buffers: plans.flatMap(({ buffers = [] }) => buffers),
});
