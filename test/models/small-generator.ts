import { ndarray } from '../../src/core/arrays.js';
import { normalStream } from '../../src/core/random.js';
import { type GeneratorDesign, generatorWeights, latentSize } from '../../src/models/generator.js';
import { type Generator, generatorFrom } from '../../src/models/generator-weights.js';

export const SMALL_DESIGN: GeneratorDesign = { side: 16, classes: 3, bands: 4, widths: [4, 6, 8] };

/** An untrained generator of 16x16 pictures of three classes, whose Gaussians have seeded means and diagonal roots. */
export function smallGenerator(seed: number, design = SMALL_DESIGN): Generator {
  const size = latentSize(design);
  const normal = normalStream(seed);
  const mean = ndarray([design.classes, size], () => 0.3 * normal());
  const root = ndarray([design.classes, size, size]);
  for (let k = 0; k < design.classes; k++)
    for (let i = 0; i < size; i++) root.data[(k * size + i) * size + i] = 1.5 / (1 + i);
  const names = ['cat', 'dog', 'ship', 'truck'].slice(0, design.classes);
  const measured = [
    { name: 'mean', ...mean },
    { name: 'root', ...root },
  ];
  return generatorFrom([...measured, ...generatorWeights(design, seed)], names, design);
}
