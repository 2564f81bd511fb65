import { number } from '../core/options.js';
import { counted, duration } from '../core/units.js';
import { displaySlot, inKernel, isHeadless } from './display.js';

/**
 * One line that counts the jobs of a study, rewritten in place: `scores: 12 of 96 attacks, 1 min 10 s, 8 min left`.
 * Give the returned function to `attackAll` or `study` as `onDone`. What stays is `scores: 96 attacks in 9 min 4 s`.
 * Outside a kernel only that last line is printed.
 * @param interval shortest time between two updates in milliseconds; default 500, 5000 when nobody watches
 * @example await rog.study(trials, { onDone: rog.counter('3-bit against 8-bit') })
 */
export function counter(title: string, interval = isHeadless() ? 5000 : 500): (done: number, total: number) => void {
  number('counter', 'interval', interval, 0, 600_000);
  const show = inKernel() ? displaySlot() : undefined;
  const begin = performance.now();
  let shownAt = Number.NEGATIVE_INFINITY;
  return (done, total) => {
    const now = performance.now();
    if (done < total && (!show || now - shownAt < interval)) return;
    shownAt = now;
    const text = countLine(title, done, total, (now - begin) / 1000);
    if (show) show({ 'text/plain': text });
    else process.stderr.write(`${text}\n`);
  };
}

/** The line after `done` of `total` jobs and `spent` seconds; the time left assumes jobs of equal length. */
export function countLine(title: string, done: number, total: number, spent: number): string {
  const left = (spent / done) * (total - done);
  return done < total
    ? `${title}: ${done} of ${total} attacks, ${duration(spent)}, ${duration(left)} left`
    : `${title}: ${counted(total, 'attack')} in ${duration(spent)}`;
}
