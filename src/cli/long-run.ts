import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Progress } from '../core/types.js';
import { roughly } from '../core/units.js';

/** What a command knows of its own time. */
export interface LongRun {
  /** `about 13 min: 8 rows, by the seconds of data/results/dp.json`; empty below two seconds. */
  readonly line: string;
  /** A part has ended. */
  readonly ended: (part: string) => void;
  /** `, about 5 min left`: the parts that are left, at the pace of those that have ended. */
  readonly left: () => string;
}

/**
 * The time of a run that is made of parts, from the seconds that each is expected to take on this many cores; NaN for
 * a part that nobody has timed, which is taken for the mean of the others.
 * @param basis where the seconds are from
 * @param now milliseconds
 */
export function longRun(
  expected: ReadonlyMap<string, number>,
  basis: string,
  now: () => number = () => performance.now(),
): LongRun {
  const known = [...expected.values()].filter(Number.isFinite);
  const mean = known.reduce((sum, one) => sum + one, 0) / known.length;
  const left = new Map([...expected].map(([part, seconds]) => [part, Number.isFinite(seconds) ? seconds : mean]));
  const sum = (): number => [...left.values()].reduce((total, one) => total + one, 0);
  const whole = sum();
  const began = now();
  let endedAt = began;
  const rest = (): number => {
    const done = whole - sum();
    const pace = done > 0 ? (endedAt - began) / 1000 / done : 1;
    return Math.max(0, pace * sum() - (now() - endedAt) / 1000);
  };
  const many = expected.size === 1 ? '' : `: ${expected.size} rows`;
  return {
    line: whole >= 2 ? `about ${roughly(whole)}${many}, by ${basis}` : '',
    ended: (part) => {
      if (left.delete(part)) endedAt = now();
    },
    left: () => (whole > 0 && left.size > 0 ? `, about ${roughly(rest())} left` : ''),
  };
}

/** What an attack tells after a closure. */
type Closure = Pick<Progress, 'closure' | 'total' | 'seconds' | 'secondsLeft'>;

/** For an attack's `onProgress`: once, after some closures, `about 40 s: 200 closures`; nothing below two seconds. */
export function firstClosures(say: (line: string) => void): (event: Closure) => void {
  let said = false;
  return ({ closure, total, seconds, secondsLeft }) => {
    if (said || closure < Math.min(5, total)) return;
    said = true;
    const whole = seconds + secondsLeft;
    if (whole >= 2) say(`about ${roughly(whole)}: ${total} closures`);
  };
}

/** A JSON file of the package's data folder: `results/dp.json`. */
export const storedJson = (name: string): unknown =>
  JSON.parse(readFileSync(fileURLToPath(new URL(`../../../data/${name}`, import.meta.url)), 'utf8'));
