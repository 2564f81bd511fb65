import { problem } from './errors.js';
import type { ImageShape, NamedArray, NdArray } from './types.js';

export const sizeOf = (shape: readonly number[]): number => shape.reduce((product, n) => product * n, 1);

/** An array from a shape and either data, a constant or a generator; refuses data of the wrong length. */
export function ndarray(shape: readonly number[], fill: Float32Array | number | (() => number) = 0): NdArray {
  const size = sizeOf(shape);
  if (fill instanceof Float32Array) {
    if (fill.length !== size) throw problem('ndarray', `shape [${shape}] needs ${size} values`, fill.length);
    return { shape, data: fill };
  }
  const data = new Float32Array(size);
  if (typeof fill === 'function') for (let i = 0; i < size; i++) data[i] = fill();
  else data.fill(fill);
  return { shape, data };
}

/** Refuses a batch of images that is not [n, height, width, channels] with finite values in [0, 1]. */
export function checkImages(where: string, images: NdArray, imageShape?: ImageShape): void {
  if (images?.shape?.length !== 4)
    throw problem(where, 'images must be [batch, height, width, channels]', images?.shape ?? images);
  if (imageShape?.some((n, i) => n !== images.shape[i + 1])) {
    const fix = 'resize the data set or build the model for this size';
    throw problem(where, `the model takes images of shape [${imageShape}]`, images.shape.slice(1), fix);
  }
  for (let i = 0; i < images.data.length; i++) {
    const value = images.data[i]!;
    if (!(value >= 0 && value <= 1))
      throw problem(where, 'pixels must lie in [0, 1]', value, value > 1 ? 'divide 8-bit values by 255' : undefined);
  }
}

/** Refuses NaN and infinities, and says in which tensor. */
export function checkFinite(where: string, tensors: readonly NamedArray[], what = 'the update'): void {
  for (const { name, data } of tensors)
    for (let i = 0; i < data.length; i++)
      if (!Number.isFinite(data[i]))
        throw problem(where, `every entry of ${what} must be finite; ${name}[${i}] is ${data[i]}`);
}

/** Refuses tensors whose names, shapes or data are not those of a network's parameters. */
export function checkMatches(
  where: string,
  tensors: readonly NamedArray[],
  wanted: readonly Pick<NamedArray, 'name' | 'shape'>[],
  fix?: string,
): void {
  if (!Array.isArray(tensors)) throw problem(where, 'the tensors must be a list, one for each parameter', tensors);
  if (tensors.length !== wanted.length)
    throw fix
      ? problem(where, `the network has ${wanted.length} tensors`, tensors.length, fix)
      : problem(where, `the model has ${wanted.length} parameter tensors`, `${tensors.length} in the update`);
  wanted.forEach(({ name, shape }, i) => {
    const tensor = tensors[i];
    if (typeof tensor !== 'object' || tensor === null || !Array.isArray(tensor.shape))
      throw problem(where, `tensor ${i} must be { name, shape, data }`, tensor);
    if (tensor.name !== name || String(tensor.shape) !== String(shape))
      throw problem(where, `tensor ${i} must be ${name} [${shape}]`, `${tensor.name} [${tensor.shape}]`);
    checkValues(where, tensor);
  });
}

/** Refuses data that are no Float32Array, or not as many numbers as the shape says. */
function checkValues(where: string, { name, shape, data }: NamedArray): void {
  if (!(data instanceof Float32Array))
    throw problem(where, `the data of ${name} must be a Float32Array`, data, 'write Float32Array.from(values)');
  if (data.length !== sizeOf(shape))
    throw problem(where, `${name} [${shape}] must hold ${sizeOf(shape)} numbers`, data.length);
}

/** Image number `index` of a batch, as a batch of one. Shares memory with the input. */
export function imageAt(images: NdArray, index: number): NdArray {
  const [, ...shape] = images.shape;
  const size = sizeOf(shape);
  return { shape: [1, ...shape], data: images.data.subarray(index * size, (index + 1) * size) };
}

/** Batches of equal image shape, one after the other. */
export function stackImages(batches: readonly NdArray[]): NdArray {
  const [, ...shape] = batches[0]!.shape;
  const data = new Float32Array(batches.reduce((sum, b) => sum + b.data.length, 0));
  let offset = 0;
  for (const batch of batches) {
    data.set(batch.data, offset);
    offset += batch.data.length;
  }
  return { shape: [data.length / sizeOf(shape), ...shape], data };
}

/** [n, classes] with a single 1 per row; refuses a label outside 0..classes-1. */
export function oneHot(where: string, labels: Int32Array, classes: number): NdArray {
  const data = new Float32Array(labels.length * classes);
  labels.forEach((label, i) => {
    if (!(label >= 0 && label < classes))
      throw problem(where, `labels must lie in 0..${classes - 1} for a model of ${classes} classes`, label);
    data[i * classes + label] = 1;
  });
  return { shape: [labels.length, classes], data };
}
