import { imageAt } from '../../core/arrays.js';
import type { Model, NdArray } from '../../core/types.js';
import { compile, type Tensor, tf } from '../../engine/index.js';
import { forward, inEvaluation } from '../../models/index.js';

/**
 * How decided a network is on pictures, a mean over them: 1 - H(softmax(logits)) / log(classes), from 0 (every class
 * alike, as untrained networks say of anything) to 1 (one class for certain). Training decides a network, and what a
 * decided one sends of a picture explains less of it.
 */
export async function decidedness(model: Model, images: NdArray): Promise<number> {
  const one = imageAt(images, 0);
  const step = await compile(
    (image: Tensor, ...parameters: Tensor[]) => tf.softmax(forward(inEvaluation(model))(parameters, image)),
    [one, ...model.parameters],
    { name: `classes of ${model.name}` },
  );
  try {
    let sum = 0;
    const [count] = images.shape as [number];
    for (let b = 0; b < count; b++) {
      const [shares] = await step.run(imageAt(images, b), ...model.parameters);
      const entropy = shares!.data.reduce((total, p) => total - (p > 0 ? p * Math.log(p) : 0), 0);
      sum += 1 - entropy / Math.log(model.classes);
    }
    return Math.min(1, Math.max(0, sum / count));
  } finally {
    step.dispose();
  }
}
