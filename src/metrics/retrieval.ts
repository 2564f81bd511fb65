import { imageAt, ndarray } from '../core/arrays.js';
import { problem } from '../core/errors.js';
import { resample } from '../core/resample.js';
import type { NdArray } from '../core/types.js';
import { compile, type Step, tf } from '../engine/index.js';
import { layerOutputs, shippedModel } from '../models/index.js';

/**
 * What the shipped tagger sees in each image, [n, 160]: its globally pooled features, the input of its last layer.
 * Images of another size than 32 x 32 are resized as for {@link shippedTagger}.
 */
export async function taggerFeatures(images: NdArray): Promise<NdArray> {
  const model = await shippedModel('tagger');
  const [side, wide] = model.imageShape;
  if (images?.shape?.length !== 4 || images.shape[3] !== 3)
    throw problem('taggerFeatures', 'images must be [n, height, width, 3]', images?.shape ?? images);
  const larger = images.shape[1]! >= side && images.shape[2]! >= wide;
  const fitting = resample(images, [side, wide], larger ? 'area' : 'bicubic');
  const values = layerOutputs({ ...model, layers: model.layers.slice(0, -1) });
  const step: Step = await compile(
    (image, ...parameters) => tf.reshape(values(parameters, image).at(-1)!, [1, -1]),
    [ndarray([1, ...model.imageShape])],
    { constants: model.parameters.slice(0, -2), name: 'tagger features' },
  );
  try {
    const rows: Float32Array[] = [];
    for (let i = 0; i < images.shape[0]!; i++) rows.push((await step.run(imageAt(fitting, i)))[0]!.data);
    const width = rows[0]?.length ?? 0;
    const found = ndarray([rows.length, width]);
    rows.forEach((row, i) => {
      found.data.set(row, i * width);
    });
    return found;
  } finally {
    step.dispose();
  }
}

/**
 * Rank of the private image among candidates when they are sorted by their distance to a reconstruction, 1 = nearest:
 * rank_i = 1 + number of candidates j with |f_i - c_j| < |f_i - c_t(i)| (Euclidean), equal distances counted half.
 * Chance gives (candidates + 1) / 2 on average.
 *
 * @param found features of the reconstructions [n, d]
 * @param candidates features of the candidates [m, d], among them every private image
 * @param truth position of each private image among the candidates
 * @throws shapes that do not fit; positions outside the candidates
 * @example
 * const { taggerFeatures, retrievalRank } = rog.metrics;
 * retrievalRank(await taggerFeatures(result.images), await taggerFeatures(gallery), [17, 4])
 */
export function retrievalRank(found: NdArray, candidates: NdArray, truth: readonly number[]): number[] {
  const [n, width] = found.shape as [number, number];
  const [m, same] = candidates.shape as [number, number];
  if (found.shape.length !== 2 || candidates.shape.length !== 2 || width !== same)
    throw problem('retrievalRank', 'features must be [n, d] and [m, d]', [found.shape, candidates.shape]);
  if (truth.length !== n) throw problem('retrievalRank', `there must be ${n} positions`, truth.length);
  return truth.map((at, i) => {
    if (!(Number.isInteger(at) && at >= 0 && at < m))
      throw problem('retrievalRank', `positions lie in 0..${m - 1}`, at);
    const distance = (j: number): number => {
      let sum = 0;
      for (let k = 0; k < width; k++) sum += (found.data[i * width + k]! - candidates.data[j * width + k]!) ** 2;
      return sum;
    };
    const own = distance(at);
    let rank = 1;
    for (let j = 0; j < m; j++) {
      if (j === at) continue;
      const other = distance(j);
      rank += other < own ? 1 : other === own ? 0.5 : 0;
    }
    return rank;
  });
}
