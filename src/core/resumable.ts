/** A long computation, from one complete state to the next. */
export interface Steps<S> {
  /** @param seconds spent so far, by all runs together */
  readonly step: (state: S, seconds: () => number) => Promise<S>;
  readonly isLast: (state: S) => boolean;
  /** Asked before every step. */
  readonly stop?: (state: S) => boolean;
  /** Writes a state, so that a killed run can go on from it. */
  readonly save?: (state: S) => Promise<void>;
  /** Seconds between two saves; default 2. */
  readonly saveEvery?: number;
  /** States that are saved whatever the clock says. */
  readonly keep?: (state: S) => boolean;
}

/**
 * The one loop of all long runs: steps until the last state or a stop; saves by the clock, and at a stop.
 * A state holds all that the rest depends on, so a run resumed from any of them ends with the same bits.
 * @yields every new state, after it was saved if that was due
 */
export async function* resumable<S extends { readonly seconds: number }>(
  start: S,
  { step, isLast, stop = () => false, save, saveEvery = 2, keep = () => false }: Steps<S>,
): AsyncGenerator<S, void> {
  const began = performance.now() - 1000 * start.seconds;
  const seconds = (): number => (performance.now() - began) / 1000;
  let [state, saved] = [start, performance.now()];
  while (!isLast(state) && !stop(state)) {
    state = await step(state, seconds);
    if (save && (keep(state) || performance.now() - saved > 1000 * saveEvery)) {
      await save(state);
      saved = performance.now();
    }
    yield state;
  }
  if (save && state !== start && !isLast(state)) await save(state);
}

/** Seconds that the rest takes at the pace so far; NaN before the first step. */
export const secondsLeft = (seconds: number, done: number, total: number): number =>
  done ? (seconds / done) * (total - done) : Number.NaN;
