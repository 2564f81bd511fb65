import { ndarray } from '../../core/arrays.js';
import type { NdArray } from '../../core/types.js';
import { compile, type Tensor, type Tensor4D, tf } from '../../engine/index.js';
import { generatorForward, latentOf } from '../../models/generator.js';
import type { Generator } from '../../models/generator-weights.js';
import { clamped } from '../search/minimise.js';

/** A generator over points [batch, 1, 1, latent + relaxed]: z, then offsets of its features at size / 4 and / 2. */
export interface Decoder {
  /** Entries of a point. */
  readonly size: number;
  /** Of these, the latent. */
  readonly latent: number;
  /** Pictures in [0, 1]. */
  readonly images: (point: NdArray, classes: NdArray) => Promise<NdArray>;
  /** From the gradient at the pictures to the gradient at the point; clamping is passed through. */
  readonly pull: (point: NdArray, classes: NdArray, gradient: NdArray) => Promise<NdArray>;
  /** The latent whose blurred picture is nearest to the pictures, [batch, 1, 1, size] with offsets 0. */
  readonly encode: (images: NdArray, classes: NdArray) => Promise<NdArray>;
  readonly dispose: () => void;
}

/** Compiles a generator for batches of one size. Dispose it when the attack is done. */
export async function decoder(generator: Generator, batch: number): Promise<Decoder> {
  const { design, latent, fixed, weights, imageShape } = generator;
  const [side] = imageShape;
  const [half, quarter] = design.widths;
  const shapes = [
    [side / 4, side / 4, quarter],
    [side / 2, side / 2, half],
  ] as const;
  const counts = shapes.map(([h, w, c]) => h * w * c);
  const size = latent + counts[0]! + counts[1]!;
  const generate = generatorForward(design);
  const decode = (point: Tensor, classes: Tensor, given: readonly Tensor[]): Tensor4D => {
    const flat = tf.reshape(point, [batch, size]);
    const offsets = shapes.map((shape, k) => {
      const from = latent + (k === 0 ? 0 : counts[0]!);
      return tf.reshape(tf.slice(flat, [0, from], [batch, counts[k]!]), [batch, ...shape]);
    });
    const z = tf.slice(flat, [0, 0], [batch, latent]);
    return generate(given.slice(0, 3), given.slice(3), z, classes, [undefined, ...offsets]);
  };
  const constants = [...fixed, ...weights];
  const [point, classes] = [ndarray([batch, 1, 1, size]), ndarray([batch, design.classes])];
  const images = ndarray([batch, ...imageShape]);
  const name = `generator for ${batch}`;
  const steps = [
    await compile((x, y, ...given) => decode(x, y, given), [point, classes], { constants, name }),
    await compile(
      (x, y, g, ...given) => tf.grad((at: Tensor) => tf.sum(tf.mul(decode(at, y, given), g)))(x),
      [point, classes, images],
      { constants, name: `gradient of ${name}` },
    ),
    await compile((x, y, ...given) => latentOf(given, x, y), [images, classes], {
      constants: fixed,
      name: `encoder for ${batch}`,
    }),
  ] as const;
  return {
    size,
    latent,
    images: async (x, y) => clamped((await steps[0].run(x, y))[0]!),
    pull: async (x, y, g) => (await steps[1].run(x, y, g))[0]!,
    encode: async (x, y) => {
      const [z] = await steps[2].run(x, y);
      const found = ndarray([batch, 1, 1, size]);
      for (let b = 0; b < batch; b++) found.data.set(z!.data.subarray(b * latent, (b + 1) * latent), b * size);
      return found;
    },
    dispose: () => {
      for (const step of steps) step.dispose();
    },
  };
}
