/** Which values of a network all ways lead through. */
export interface Dominators {
  /** For each value the last one before it that all ways from the first to it lead through. */
  readonly nearest: Int32Array;
  /** Whether all ways to `value` lead through `by`; true of a value and itself. */
  readonly leadThrough: (by: number, value: number) => boolean;
}

/**
 * Of values in an order in which each comes after those that it is made of. In time n log n: in the tree of nearest
 * values every one remembers one far above it (Myers 1983, "An applicative random-access stack").
 * @param before of which each is made: none of the first, at least one of every other
 */
export function dominators(before: readonly (readonly number[])[]): Dominators {
  const [nearest, far, depth] = [0, 0, 0].map(() => new Int32Array(before.length)) as [
    Int32Array,
    Int32Array,
    Int32Array,
  ];
  const lifted = (value: number, to: number): number => {
    let at = value;
    while (depth[at]! > to) at = depth[far[at]!]! >= to ? far[at]! : nearest[at]!;
    return at;
  };
  const meeting = (one: number, other: number): number => {
    let [a, b] = [lifted(one, depth[other]!), lifted(other, depth[one]!)];
    while (a !== b) [a, b] = far[a] === far[b] ? [nearest[a]!, nearest[b]!] : [far[a]!, far[b]!];
    return a;
  };
  for (let value = 1; value < before.length; value++) {
    const above = before[value]!.reduce(meeting);
    const leap = far[above]!;
    nearest[value] = above;
    depth[value] = depth[above]! + 1;
    far[value] = depth[above]! - depth[leap]! === depth[leap]! - depth[far[leap]!]! ? far[leap]! : above;
  }
  return { nearest, leadThrough: (by, value) => lifted(value, depth[by]!) === by };
}
