import type { Model, NamedArray, NdArray } from '../core/types.js';
import { type Dataset, imagesInTurns } from '../data/index.js';
import { compile, type Tensor } from '../engine/index.js';
import { forward, inEvaluation } from '../models/index.js';

/** Images per call of the compiled forward pass. */
const AT_ONCE = 50;

/** Share of test images that the network with these weights puts in the right class. Dispose it when done. */
export interface Evaluator {
  readonly run: (weights: readonly NamedArray[], indices: readonly number[], data: Dataset) => Promise<number>;
  readonly engine: string;
  readonly dispose: () => void;
}

/** The forward pass of a model as one compiled step, on one thread, with the weights as inputs. */
export async function evaluator(model: Model): Promise<Evaluator> {
  const shape = [AT_ONCE, ...model.imageShape];
  const size = model.imageShape.reduce((a, b) => a * b, 1);
  const blank = { shape, data: new Float32Array(AT_ONCE * size) };
  const logits = forward(inEvaluation(model));
  const step = await compile((x: Tensor, ...w: Tensor[]) => logits(w, x), [blank, ...model.parameters], {
    name: `evaluation of ${model.name}`,
    threads: 1,
  });
  const right = async (weights: readonly NamedArray[], images: NdArray, labels: Int32Array): Promise<number> => {
    const data = new Float32Array(blank.data.length);
    data.set(images.data);
    const [scores] = await step.run({ shape, data }, ...weights);
    return labels.filter((label, i) => label === largest(scores!.data, i, model.classes)).length;
  };
  return {
    engine: step.engine,
    dispose: step.dispose,
    run: async (weights, indices, data) => {
      let count = 0;
      for (let from = 0; from < indices.length; from += AT_ONCE) {
        const some = indices.slice(from, from + AT_ONCE);
        const images = await imagesInTurns(data, 'test', some);
        count += await right(weights, images, data.labels('test', some));
      }
      return count / indices.length;
    },
  };
}

function largest(scores: Float32Array, row: number, classes: number): number {
  let best = 0;
  for (let c = 1; c < classes; c++) if (scores[row * classes + c]! > scores[row * classes + best]!) best = c;
  return best;
}
