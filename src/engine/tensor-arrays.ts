import type { NdArray } from '../core/types.js';
import { type Tensor, tensor } from './tf.js';

/** A float tensor with the shape and values of a plain array. The caller disposes it (or tidy does). */
export const toTensor = ({ data, shape }: NdArray): Tensor => tensor(data, [...shape], 'float32');

/** A plain copy of a tensor, read without waiting. The tensor stays alive. */
export const toArraySync = (x: Tensor): NdArray => ({ shape: [...x.shape], data: Float32Array.from(x.dataSync()) });

/** A plain copy of a tensor. The tensor stays alive. */
export const toArray = async (x: Tensor): Promise<NdArray> => ({
  shape: [...x.shape],
  data: Float32Array.from(await x.data()),
});
