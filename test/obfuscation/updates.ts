import { normalStream } from '../../src/core/random.js';
import type { NamedArray } from '../../src/core/types.js';

export const tensor = (name: string, values: ArrayLike<number>): NamedArray => ({
  name,
  shape: [values.length],
  data: Float32Array.from(values),
});

/** An update of three tensors of very different sizes and scales, normal entries. */
export function someUpdate(seed = 5, sizes: readonly number[] = [300, 40, 1000]): NamedArray[] {
  const normal = normalStream(seed);
  return sizes.map((n, t) =>
    tensor(
      `layer${t}`,
      Float32Array.from({ length: n }, () => normal() * 10 ** -t),
    ),
  );
}
