import type { Contender } from './contenders.js';
import { CLEARLY } from './endings.js';

/** Up to this multiple of the best, a race is not decided: the two best then run in full. */
const CLOSE = 2;

/**
 * Of different labels, whose pictures do not mix, the first time is taken up to this multiple of the yardstick: wrong
 * masks cost it more than a picture too dark, and the polish mends them (22.8 against 30.4 dB).
 */
const LOOSELY = 1.15;

/** What the tuned way's yardstick counts where it always runs: squares and solvers fit rounding in the steps too. */
const TUNED = 0.92;

/** Whether a solver's pictures with its bias taken off are no better than those before, by their yardsticks. */
export const isNoBetter = (next: number, last: number, trusted: boolean): boolean =>
  next > last * (trusted ? LOOSELY : 1);

/** A contender with the yardstick of its short race. */
export interface Raced {
  readonly contender: Contender;
  readonly value: number;
}

/** The contenders that run in full: the two best, after several steps the tuned one too, where they are close. */
export function frontOf(raced: readonly Raced[], several: boolean): Contender[] {
  const order = [...raced].sort((a, b) => a.value - b.value);
  const isClose = ({ contender, value }: Raced, k: number): boolean =>
    (k < 2 || (several && contender.tuned === true)) && value <= CLOSE * order[0]!.value;
  return order.filter((one, k) => isClose(one, k) || (k > 1 && one.contender.always)).map(({ contender }) => contender);
}

/** What a contender's yardstick is multiplied by; the best by it is taken. */
export const handicapOf = ({ always, tuned }: Contender, afresh: number, several: boolean): number =>
  always ? TUNED : tuned ? afresh : afresh * (several ? CLEARLY : 1);
