import { ndarray } from '../core/arrays.js';
import { eigen, moments, rowsOf } from '../core/linear-algebra.js';
import type { NamedArray } from '../core/types.js';
import type { Dataset } from '../data/index.js';
import { compile, type Tensor2D, tf } from '../engine/index.js';
import { GENERATOR_DESIGN, type GeneratorDesign, generatorBasis, latentSize } from '../models/generator.js';

/** Images per evaluation of the basis. */
const CHUNK = 250;

/**
 * Mean and root of the covariance of the low frequencies of each class, over the given training images and their mirror
 * images: root = V sqrt(lambda), the columns by falling eigenvalue, so that the first entries of z move the most.
 */
export async function classGaussians(
  data: Dataset,
  indices: readonly number[],
  design: GeneratorDesign = GENERATOR_DESIGN,
): Promise<NamedArray[]> {
  const size = latentSize(design);
  const mean = ndarray([design.classes, size]);
  const root = ndarray([design.classes, size, size]);
  const rows = await coefficients(data, design, indices);
  const labels = data.labels('train', indices);
  for (let label = 0; label < design.classes; label++) {
    const own = rows.filter((_, i) => labels[i % indices.length] === label);
    const { mean: average, covariance } = moments(own);
    mean.data.set(average, label * size);
    const { values, vectors } = eigen(rowsOf(covariance));
    const order = [...values.keys()].sort((a, b) => values[b]! - values[a]!);
    order.forEach((k, column) => {
      const length = Math.sqrt(Math.max(values[k]!, 1e-6));
      for (let row = 0; row < size; row++) root.data[(label * size + row) * size + column] = vectors[row]![k]! * length;
    });
  }
  return [
    { name: 'mean', ...mean },
    { name: 'root', ...root },
  ];
}

/** Low frequencies of every image, then of every mirror image. */
async function coefficients(
  data: Dataset,
  design: GeneratorDesign,
  indices: readonly number[],
): Promise<Float32Array[]> {
  const basis = generatorBasis(design);
  const size = latentSize(design);
  const pick = (from: number): number[] =>
    Array.from({ length: CHUNK }, (_, i) => indices[Math.min(from + i, indices.length - 1)]!);
  const step = await compile(
    (images, rows) => {
      const project = (x: typeof images) =>
        tf.matMul(tf.reshape(tf.sub(x, 0.5), [CHUNK, -1]) as Tensor2D, rows as Tensor2D, false, true);
      return [project(images), project(tf.reverse(images, 2))];
    },
    [data.images('train', pick(0))],
    { constants: [basis], name: 'low frequencies' },
  );
  try {
    const [plain, mirrored]: Float32Array[][] = [[], []];
    for (let from = 0; from < indices.length; from += CHUNK) {
      const both = await step.run(data.images('train', pick(from)));
      const count = Math.min(CHUNK, indices.length - from);
      both.forEach((found, k) => {
        for (let i = 0; i < count; i++) (k === 0 ? plain : mirrored)!.push(found.data.slice(i * size, (i + 1) * size));
      });
    }
    return [...plain!, ...mirrored!];
  } finally {
    step.dispose();
  }
}
