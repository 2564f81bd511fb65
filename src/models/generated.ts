import { imageAt, ndarray, stackImages } from '../core/arrays.js';
import { deriveSeed, normalStream } from '../core/random.js';
import type { NdArray } from '../core/types.js';
import { compile } from '../engine/index.js';
import { generatorForward, latentOf } from './generator.js';
import type { Generator } from './generator-weights.js';

/** Pictures per evaluation. */
const CHUNK = 10;

/** Pictures of given latents and classes [n, latent], [n]; n a multiple of 10. Clamped to [0, 1]. */
export async function generate(generator: Generator, latents: NdArray, classes: ArrayLike<number>): Promise<NdArray> {
  const { design, fixed, weights, latent } = generator;
  const forward = generatorForward(design);
  const example = [ndarray([CHUNK, latent]), ndarray([CHUNK, design.classes])];
  const step = await compile((z, y, ...all) => forward(all.slice(0, 3), all.slice(3), z, y), example, {
    constants: [...fixed, ...weights],
    name: 'generator',
  });
  try {
    const parts: NdArray[] = [];
    for (let from = 0; from < latents.shape[0]!; from += CHUNK) {
      const rows = ndarray([CHUNK, design.classes]);
      for (let i = 0; i < CHUNK; i++) rows.data[i * design.classes + classes[from + i]!] = 1;
      const z = { shape: [CHUNK, latent], data: latents.data.slice(from * latent, (from + CHUNK) * latent) };
      parts.push((await step.run(z, rows))[0]!);
    }
    const all = stackImages(parts.flatMap((part) => Array.from({ length: CHUNK }, (_, i) => imageAt(part, i))));
    return { shape: all.shape, data: all.data.map((value) => Math.min(1, Math.max(0, value))) };
  } finally {
    step.dispose();
  }
}

/** Rows of pictures drawn from z ~ N(0, 1), a class a column. */
export async function drawSamples(generator: Generator, rows: number, seed: number): Promise<NdArray[]> {
  const { classes } = generator.design;
  const all = await drawEach(generator, rows, seed);
  const part = (row: number): NdArray[] => Array.from({ length: classes }, (_, k) => imageAt(all, row * classes + k));
  return Array.from({ length: rows }, (_, row) => stackImages(part(row)));
}

/** `each` pictures of every class, class after class. */
export function drawEach(generator: Generator, each: number, seed: number): Promise<NdArray> {
  const { classes } = generator.design;
  const count = each * classes;
  const z = ndarray([count, generator.latent], normalStream(deriveSeed(seed, 'draw')));
  return generate(
    generator,
    z,
    Array.from({ length: count }, (_, i) => i % classes),
  );
}

/** What the generator makes of the images' own latents. Their number must be a multiple of 10. */
export async function rebuildImages(generator: Generator, images: NdArray, labels: Int32Array): Promise<NdArray> {
  const { fixed, design } = generator;
  const example = [ndarray([CHUNK, ...images.shape.slice(1)]), ndarray([CHUNK, design.classes])];
  const step = await compile((x, y, ...all) => latentOf(all, x, y), example, { constants: fixed, name: 'encoder' });
  try {
    const z = ndarray([images.shape[0]!, generator.latent]);
    for (let from = 0; from < images.shape[0]!; from += CHUNK) {
      const some = stackImages(Array.from({ length: CHUNK }, (_, i) => imageAt(images, from + i)));
      const rows = ndarray([CHUNK, design.classes]);
      for (let i = 0; i < CHUNK; i++) rows.data[i * design.classes + labels[from + i]!] = 1;
      z.data.set((await step.run(some, rows))[0]!.data, from * generator.latent);
    }
    return generate(generator, z, labels);
  } finally {
    step.dispose();
  }
}
