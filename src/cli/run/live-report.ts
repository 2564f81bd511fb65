import type { Fault, GrowingPage, RunEvent, RunResult } from '../../notebook/index.js';
import { whatOf } from './line-writer.js';

/** The results page while notebooks run. */
export interface LiveReport {
  /** What a notebook does: it stands on the page with the next change of the page. */
  readonly note: (event: RunEvent) => void;
  /** A notebook that has ended: the page exists from the first one on. What cannot be written now is said by `end`. */
  readonly add: (result: RunResult, place: number) => void;
  /** The page as it stays after an interrupt, where a notebook had ended. */
  readonly stop: () => void;
  /** The page as it stays. @returns what could not be shown */
  readonly end: () => readonly Fault[];
}

/** Milliseconds between two writings that only a finished cell asks for. */
const PAUSE = 2000;

/** @param subtitle the line under the title, by the number of notebooks that have ended */
export function liveReport(page: GrowingPage, subtitle: (count: number) => string): LiveReport {
  const atWork = new Map<string, string>();
  let count = 0;
  let written = Number.NEGATIVE_INFINITY;
  const write = (word = 'so far', running?: readonly string[]): void => {
    try {
      page.write({ subtitle: `${subtitle(count)} ${word}`, running });
    } catch {
      // said at the end, where the same happens again
    }
    written = performance.now();
  };
  const grow = (): void => write('so far', [...atWork.values()]);
  return {
    stop: () => void (count > 0 && write('until the interrupt')),
    note: (event) => {
      atWork.set(event.name, `${event.name}: ${whatOf(event)}`);
      if (event.state === 'done' || event.state === 'failed') atWork.delete(event.name);
      if (count > 0 && performance.now() - written > PAUSE) grow();
    },
    add: (result, place) => {
      count++;
      page.add(result, place);
      grow();
    },
    end: () => page.write({ subtitle: subtitle(count) }),
  };
}
