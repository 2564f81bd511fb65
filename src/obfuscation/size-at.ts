/** Lower bits of a number that its upper half leaves open. */
const LOWER = 2 ** 16;

/**
 * The size |g| at a place of the ascending sizes of several arrays together. Without sorting them: the bits of sizes
 * are in the order of the sizes, so counts of their upper halves, then of the lower ones, lead there.
 */
export function sizeAt(arrays: readonly Float32Array[], place: number): number {
  const views = arrays.map(({ buffer, byteOffset, length }) => new Uint32Array(buffer, byteOffset, length));
  const counts = new Uint32Array(LOWER);
  for (const bits of views) for (let i = 0; i < bits.length; i++) counts[(bits[i]! & 0x7fffffff) >>> 16]!++;
  const upper = holder(counts, place);
  counts.fill(0);
  for (const bits of views)
    for (let i = 0; i < bits.length; i++)
      if ((bits[i]! & 0x7fffffff) >>> 16 === upper.at) counts[bits[i]! & (LOWER - 1)]!++;
  const found = Uint32Array.of(upper.at * LOWER + holder(counts, upper.rest).at);
  return new Float32Array(found.buffer)[0]!;
}

/** Which count holds a place, and the place within it. */
function holder(counts: Uint32Array, place: number): { readonly at: number; readonly rest: number } {
  let [at, rest] = [0, place];
  while (rest >= counts[at]!) rest -= counts[at++]!;
  return { at, rest };
}
