/**
 * Sixteen quantiles of a standard normal distribution, scaled to [-1, 1], with an exact zero, as float32: NF4.
 * Source: Dettmers et al. 2023 (QLoRA, arXiv 2305.14314), appendix E.
 */
const NORMAL = [
  ...[-1, -0.6961928009986877, -0.5250730514526367, -0.39491748809814453, -0.28444138169288635],
  ...[-0.18477343022823334, -0.09105003625154495, 0, 0.07958029955625534, 0.16093020141124725],
  ...[0.24611230194568634, 0.33791524171829224, 0.44070982933044434, 0.5626170039176941, 0.7229568362236023, 1],
];

/** A sign, two bits of exponent, one of fraction: 0, 1/192, 1/6, 1/4, 1/3, 1/2, 2/3, 1 and -; bitsandbytes' fp4. */
const FLOAT4 = mirrored([0.0625, 2, 3, 4, 6, 8, 12].map((value) => value / 12));

/** k / 127 for k from -127 to 127; bitsandbytes' linear map. */
const LINEAR8 = mirrored(Array.from({ length: 127 }, (_, k) => (k + 1) / 127));

/**
 * Dynamic tree quantization of 8 bits: for each decade 10^-6 to 10^0, 2^0 to 2^6 means of neighbours on an even grid
 * from 0.1 to 1; their negatives, 0, and 1 itself (the least is -0.993).
 * Source: Dettmers 2016 (arXiv 1511.04561), 2022 (arXiv 2110.02861), section 1.3; bitsandbytes' dynamic map.
 */
const DYNAMIC8 = [
  ...mirrored(
    Array.from({ length: 7 }, (_, decade) => {
      const parts = 2 ** decade;
      return Array.from({ length: parts }, (_, k) => 10 ** (decade - 6) * (0.1 + (0.9 * (k + 0.5)) / parts));
    }).flat(),
  ),
  1,
];

function mirrored(positive: readonly number[]): number[] {
  return [...positive.map((value) => -value).reverse(), 0, ...positive];
}

/** Values that a scaled entry may take, ascending, each with the bits of an index. */
export const CODEBOOKS = {
  dynamic8: { bits: 8, values: DYNAMIC8 },
  linear8: { bits: 8, values: LINEAR8 },
  fp4: { bits: 4, values: FLOAT4 },
  nf4: { bits: 4, values: NORMAL },
} as const satisfies Record<string, { bits: number; values: readonly number[] }>;

export type CodebookName = keyof typeof CODEBOOKS;

/** Index of the nearest value of an ascending list; of two equally near ones the smaller. */
export function nearestIndex(values: ArrayLike<number>, x: number): number {
  let [low, high] = [0, values.length - 1];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (x > (values[middle]! + values[middle + 1]!) / 2) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Half the way to each value's further neighbour: how far off what was rounded to it may be, the ends apart. */
export const reachOf = (values: ArrayLike<number>): number[] =>
  Array.from({ length: values.length }, (_, k) =>
    Math.max(
      k > 0 ? (values[k]! - values[k - 1]!) / 2 : 0,
      k + 1 < values.length ? (values[k + 1]! - values[k]!) / 2 : 0,
    ),
  );
