import { ndarray, oneHot, sizeOf } from '../core/arrays.js';
import { problem } from '../core/errors.js';
import type { ClientSettings, Model, NdArray } from '../core/types.js';
import { compile, type Tensor, tf } from '../engine/index.js';
import { assumed, direction, localSteps, unrolls } from '../federation/index.js';

/** J = dg/dx of an update g in the pixels x of the whole batch, as products at any pictures. Dispose it when done. */
export interface Jacobian {
  /** J^T u, shaped as the pictures: one closure. */
  readonly transposed: (images: NdArray, u: readonly NdArray[]) => Promise<NdArray>;
  /** J v, shaped as the update: by a second pass backwards, d/du <J^T u, v>. */
  readonly times: (images: NdArray, v: NdArray) => Promise<NdArray[]>;
  /** Shape of the pictures, [batch, height, width, channels]. */
  readonly images: readonly number[];
  /** Shapes of the update's tensors. */
  readonly tensors: readonly (readonly number[])[];
  readonly dispose: () => void;
}

/**
 * The Jacobian of any differentiable function of pictures.
 * @param of pure, of the pictures and the constants: one tensor per tensor of the update
 */
export async function jacobianOf(
  of: (images: Tensor, ...constants: Tensor[]) => readonly Tensor[],
  images: readonly number[],
  tensors: readonly (readonly number[])[],
  { constants = [], name = 'function' }: { readonly constants?: readonly NdArray[]; readonly name?: string } = {},
): Promise<Jacobian> {
  const count = tensors.length;
  const pulled = (x: Tensor, u: readonly Tensor[], fixed: readonly Tensor[]): Tensor =>
    tf.grad((at: Tensor) => tf.addN(of(at, ...fixed).map((g, k) => tf.sum(tf.mul(g, u[k]!)))))(x);
  const blank = ndarray(images);
  const updates = tensors.map((shape) => ndarray(shape));
  const back = await compile(
    (x: Tensor, ...rest: Tensor[]) => pulled(x, rest.slice(0, count), rest.slice(count)),
    [blank, ...updates],
    { constants, name: `gradient in the pixels of ${name}` },
  );
  const forth = await compile(
    (x: Tensor, v: Tensor, ...rest: Tensor[]) => {
      const fixed = rest.slice(count);
      const along = (...u: Tensor[]): tf.Scalar => tf.sum(tf.mul(pulled(x, u, fixed), v));
      return tf.valueAndGrads(along)(rest.slice(0, count)).grads;
    },
    [blank, blank, ...updates],
    { constants, name: `derivative in the pixels of ${name}` },
  );
  return {
    images,
    tensors,
    transposed: async (x, u) => (await back.run(x, ...u))[0]!,
    times: (x, v) => forth.run(x, v, ...updates),
    dispose: () => {
      back.dispose();
      forth.dispose();
    },
  };
}

/**
 * The Jacobian of a client's update in its private pixels, its local steps included; of more than eight local steps
 * that of the same number of gradients at w0.
 * @throws labels of another number than the batch size, or out of range
 * @example const jacobian = await rog.bounds.updateJacobian(model, update.client, batch.labels)
 */
export async function updateJacobian(model: Model, settings: ClientSettings, labels: Int32Array): Promise<Jacobian> {
  const { client } = assumed(settings);
  if (labels.length !== client.batchSize)
    throw problem('updateJacobian', `the client has ${client.batchSize} images`, `${labels.length} labels`);
  const simulate = unrolls(model, client, 'forward') ? localSteps(model, client) : direction(model, client);
  const targets = oneHot('updateJacobian', labels, model.classes);
  const count = model.parameters.length;
  return jacobianOf(
    (images, ...rest) => simulate(rest.slice(0, count), images, rest[count]!).delta,
    [client.batchSize, ...model.imageShape],
    model.parameters.map(({ shape }) => shape),
    { constants: [...model.parameters, targets], name: `the update of ${model.name}` },
  );
}

/** d: how many numbers the pictures are. */
export const unknownsOf = ({ images }: Pick<Jacobian, 'images'>): number => sizeOf(images);
