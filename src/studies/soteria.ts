import { checkImages } from '../core/arrays.js';
import { problem } from '../core/errors.js';
import { bounded, widthsOf } from '../core/evidence.js';
import { checked, type OptionTable, real } from '../core/option-table.js';
import type { Batch, Model, NdArray, Obfuscation } from '../core/types.js';
import { compile, type Tensor, tf } from '../engine/index.js';
import { forward, parameterSpecs } from '../models/index.js';
import { operator } from '../obfuscation/index.js';

/** Options of {@link soteria}. */
export interface SoteriaOptions {
  /** Share of the representation that is pruned, 0 < pruned < 1; default 0.8. */
  readonly pruned?: number;
}

/** How much it prunes. */
export const SOTERIA_TABLE = {
  pruned: real('share of the representation that is pruned', 0.8, { below: 1 }),
} satisfies OptionTable<SoteriaOptions>;

/**
 * Soteria: the update of the first dense layer loses its rows of the inputs r_i (the representation) that are
 * easiest to turn back into pictures,
 *
 *     the `pruned` share of the i with the least  sum over images of |dr_i / dx| / |r_i|
 *
 * All else is sent as it is. The client needs its own images for that, so this phi is made for one batch.
 *
 * Cost: 32 bits per entry of what stays; zero rows show themselves. Evidence, by which rog() is the adaptive attack: of
 * a zero of that layer nothing is known, everything else is exact. Balunovic et al. leave the whole layer out:
 * `without:` its name does so.
 * Source: Sun et al. 2021 (arXiv 2012.06043), section 5; the attack: Balunovic et al. 2022 (arXiv 2111.04706), 5.
 * @throws a network without a dense layer behind another one; images of another shape; pruned outside [0, 1)
 * @example rog.observe(model, update, { obfuscation: await rog.studies.soteria(model, batch, { pruned: 0.8 }) })
 */
export async function soteria(
  model: Model,
  batch: Pick<Batch, 'images'>,
  options: SoteriaOptions = {},
): Promise<Obfuscation> {
  const { pruned } = checked('soteria', options, SOTERIA_TABLE);
  const place = model.layers.findIndex(({ kind }) => kind === 'dense');
  if (place < 1) throw problem('soteria', 'needs a dense layer behind another layer', model.name);
  checkImages('soteria', batch?.images, model.imageShape);
  const layers = model.layers.slice(0, place);
  const at = parameterSpecs(layers, model.imageShape).specs.length;
  const kernel = model.parameters[at]!;
  const ease = await easeOf({ ...model, layers }, model.parameters.slice(0, at), batch.images);
  const order = [...ease.keys()].sort((a, b) => ease[a]! - ease[b]!);
  const gone = new Uint8Array(ease.length);
  for (const i of order.slice(0, Math.round(pruned * order.length))) gone[i] = 1;
  const units = kernel.data.length / gone.length;
  return operator('soteria', { pruned, layer: kernel.name }, ['pruned'], (tensors, { before, message }) => {
    const found = tensors.findIndex(({ name }) => name === kernel.name);
    if (tensors.length && tensors[found]?.data.length !== kernel.data.length)
      throw problem('soteria', `the update must hold ${kernel.name} [${kernel.shape}]`, tensors[found]?.shape);
    const entries = tensors.reduce((sum, { data }) => sum + data.length, 0);
    const kept = 1 - (units * gone.reduce((sum, one) => sum + one, 0)) / Math.max(1, entries);
    return {
      values: tensors.map(({ data }, t) =>
        t === found ? data.map((g, e) => (gone[Math.floor(e / units)] ? 0 : g)) : data,
      ),
      evidence: before.map((e, t) => (t === found ? bounded(e, widthsOf(e).kept, Number.POSITIVE_INFINITY) : e)),
      message: { ...message, sent: (message.sent ?? entries) * kept, seeded: true },
    };
  });
}

/** sum over images of |dr_i / dx| / |r_i| for each input of the layer; Infinity where no image has any. */
async function easeOf(
  body: Pick<Model, 'layers' | 'buffers' | 'imageShape'>,
  parameters: Model['parameters'],
  images: NdArray,
): Promise<Float64Array> {
  const pass = forward(body);
  const represent = await compile((x: Tensor, ...w: Tensor[]) => [pass(w, x)], [images, ...parameters], {
    name: 'representation',
  });
  const [r] = await represent.run(images, ...parameters);
  represent.dispose();
  const [count = 0, size = 0] = r!.shape;
  const slope = (x: Tensor, direction: Tensor, ...w: Tensor[]): Tensor[] => [
    tf.grad((z: Tensor) => tf.sum(tf.mul(pass(w, z), direction)))(x),
  ];
  const direction: NdArray = { shape: [1, size], data: new Float32Array(size) };
  const step = await compile(slope, [images, direction, ...parameters], { name: 'slope of a representation' });
  const ease = new Float64Array(size);
  const pixels = images.data.length / count;
  for (let i = 0; i < size; i++) {
    const one = { ...direction, data: direction.data.map((_, k) => Number(k === i)) };
    const [gradient] = await step.run(images, one, ...parameters);
    for (let b = 0; b < count; b++) {
      const value = Math.abs(r!.data[b * size + i]!);
      if (value > 0) ease[i]! += Math.hypot(...gradient!.data.subarray(b * pixels, (b + 1) * pixels)) / value;
    }
  }
  step.dispose();
  return ease.map((sum) => (sum > 0 ? sum : Number.POSITIVE_INFINITY));
}
