import * as tf from '../tfjs.js';
import { type Kernel, kernel } from './typed-kernel.js';

/**
 * Product of two matrices, each transposed or not. The stock WASM kernel is fast only without transposition, so a
 * transposition becomes one of its own, of whichever is smaller: an operand, or the other operand and the result
 * (a b^T = (b a^T)^T). For the gradients of a dense layer 6 to 50 times faster. Batches go to the stock kernel.
 */
export const matMul = (stock: tf.KernelConfig): Kernel =>
  kernel<'a' | 'b'>(({ a, b }, attributes) => {
    const { transposeA, transposeB } = attributes;
    const plain = (x: tf.Tensor, y: tf.Tensor) =>
      tf.engine().runKernel('BatchMatMul', { a: x, b: y }, { transposeA: false, transposeB: false }) as tf.Tensor;
    if (a.rank !== 2 || b.rank !== 2 || (!transposeA && !transposeB))
      return stock.kernelFunc({ inputs: { a, b }, attrs: attributes, backend: tf.backend() }) as tf.Tensor;
    if (transposeA && transposeB) return tf.transpose(plain(b, a));
    const out = (transposeA ? a.shape[1]! : a.shape[0]) * (transposeB ? b.shape[0] : b.shape[1]!);
    if (transposeA) return a.size <= b.size + out ? plain(tf.transpose(a), b) : tf.transpose(plain(tf.transpose(b), a));
    return b.size <= a.size + out ? plain(a, tf.transpose(b)) : tf.transpose(plain(b, tf.transpose(a)));
  });
