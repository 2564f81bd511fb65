import { problem } from '../../core/errors.js';
import type { ImageShape } from '../../core/types.js';
import { type Tensor, tf } from '../../engine/index.js';
import { list, lists, optional, required, word } from './layer-options.js';
import type { Of, Planned, Rule } from './types.js';

export const residual: Rule<Of<'residual'>> = {
  options: { body: required(list), shortcut: required(list) },
  plan: (layer, at, name, where, walk) => {
    const body = walk(layer.body, at, `${name}/body/`);
    const shortcut = walk(layer.shortcut, at, `${name}/shortcut/`);
    if (String(body.shape) !== String(shortcut.shape))
      throw problem(where, `the two branches of ${name} must have one shape`, [body.shape, shortcut.shape]);
    return joined([body, shortcut], body.shape);
  },
  apply: ({ body, shortcut }, x, { run }) => tf.add(run(body, x), run(shortcut, x)),
};

export const branches: Rule<Of<'branches'>> = {
  options: { branches: required(lists), join: optional(word('concat', 'add', 'multiply')) },
  plan: ({ branches: all, join = 'concat' }, at, name, where, walk) => {
    const plans = all.map((layers, k) => walk(layers, at, `${name}/${k}/`));
    const shapes = plans.map(({ shape }) => shape);
    if (join === 'multiply') return joined(plans, gatedShape(shapes, where));
    const [height, width] = shapes[0]!;
    const compared = (shape: readonly number[]): string => String(join === 'concat' ? shape.slice(0, 2) : shape);
    if (shapes.some((shape) => compared(shape) !== compared(shapes[0]!)))
      throw problem(where, `the branches must have one ${join === 'add' ? 'shape' : 'height and width'}`, shapes);
    if (join === 'add') return joined(plans, shapes[0]!);
    return joined(plans, [height, width, shapes.reduce((sum, shape) => sum + shape[2], 0)]);
  },
  apply: ({ branches: all, join = 'concat' }, x, { run }) => {
    const values = all.map((layers) => run(layers, x));
    if (join === 'add') return values.reduce((a, b) => tf.add(a, b));
    const images = values.every(({ rank }) => rank === values[0]!.rank) ? values : values.map(asImages);
    return join === 'multiply' ? images.reduce((a, b) => tf.mul(a, b)) : tf.concat(images, -1);
  },
};

/** The largest of the branches' shapes; each of the others has it, or 1 in place of its numbers. */
function gatedShape(shapes: readonly ImageShape[], where: string): ImageShape {
  const most = [0, 1, 2].map((axis) => Math.max(...shapes.map((shape) => shape[axis]!)));
  if (shapes.some((shape) => shape.some((n, axis) => n !== 1 && n !== most[axis])))
    throw problem(where, 'the branches must have one shape, or 1 in place of its numbers', shapes);
  return most as unknown as ImageShape;
}

const asImages = (x: Tensor): Tensor => (x.rank === 4 ? x : tf.reshape(x, [x.shape[0], 1, 1, -1]));

const joined = (plans: readonly Planned[], shape: Planned['shape']): Planned => ({
  shape,
  specs: plans.flatMap(({ specs = [] }) => specs),
  buffers: plans.flatMap(({ buffers = [] }) => buffers),
});
