/** First and second moment of Adam (Kingma and Ba 2015) and the number of steps taken. */
export interface AdamState {
  readonly first: Float32Array;
  readonly second: Float32Array;
  readonly steps: number;
}

export const adamStart = (size: number): AdamState => ({
  first: new Float32Array(size),
  second: new Float32Array(size),
  steps: 0,
});

/** One step: x - rate * m / (sqrt(v) + 1e-8), clamped to [low, high] when a box is given. State goes in and comes out. */
export function adamStep(
  x: Float32Array,
  gradient: Float32Array,
  state: AdamState,
  rate: number,
  box?: readonly [number, number],
): { x: Float32Array; state: AdamState } {
  const steps = state.steps + 1;
  const [b1, b2] = [0.9, 0.999];
  const [c1, c2] = [1 - b1 ** steps, 1 - b2 ** steps];
  const first = new Float32Array(x.length);
  const second = new Float32Array(x.length);
  const next = new Float32Array(x.length);
  for (let i = 0; i < x.length; i++) {
    const g = gradient[i]!;
    first[i] = b1 * state.first[i]! + (1 - b1) * g;
    second[i] = b2 * state.second[i]! + (1 - b2) * g * g;
    const value = x[i]! - (rate * first[i]!) / c1 / (Math.sqrt(second[i]! / c2) + 1e-8);
    next[i] = box ? Math.min(box[1], Math.max(box[0], value)) : value;
  }
  return { x: next, state: { first, second, steps } };
}
