import { counted, duration } from '../core/units.js';

/** How far a sweep is. */
export interface SweepProgress {
  readonly name: string;
  /** Cells in all; of a shard, its own. */
  readonly total: number;
  readonly done: number;
  readonly failed: number;
  /** Of those done, how many were there when the run began. */
  readonly before: number;
  /** Cells a minute, lately; 0: not known. */
  readonly perMinute: number;
  /** Seconds since the run began. */
  readonly seconds: number;
  /** How many failed for which reason. */
  readonly reasons: ReadonlyMap<string, number>;
  /** What it waits for, e.g. a connection. */
  readonly waiting?: string;
  readonly ended?: 'finished' | 'stopped';
}

/** `bits: 120 of 200 cells, 2 failed, 35.2 a minute, 2 min 20 s left`. */
export function progressLine(progress: SweepProgress): string {
  const { name, total, done, failed, before, perMinute, seconds, waiting, ended } = progress;
  const left = total - done - failed;
  const parts = [
    ended === 'finished' ? `${counted(done, 'cell')} done` : `${done} of ${total} cells`,
    ...(before > 0 && seconds > 0 ? [`${before === done ? 'all' : before} of them before`] : []),
    ...(failed > 0 ? [`${failed} failed`] : []),
    ...(ended && seconds > 0 ? [`${ended} after ${duration(seconds)}`] : []),
    ...(!ended && perMinute > 0 ? [`${perMinute.toPrecision(3)} a minute`] : []),
    ...(!ended && perMinute > 0 && left > 0 ? [`${duration((60 * left) / perMinute)} left`] : []),
    ...(waiting ? [waiting] : []),
  ];
  return `${name}: ${parts.join(', ')}`;
}

/** `3 x RoglabError: ...`, the commonest first. */
export const reasonLines = ({ reasons }: SweepProgress): string[] =>
  [...reasons].sort((a, b) => b[1] - a[1]).map(([reason, count]) => `${count} x ${reason}`);

/** Cells a minute over the last times at which one ended, in milliseconds, up to now. */
export function perMinute(times: readonly number[], now: number): number {
  const recent = times.slice(-WINDOW);
  if (recent.length < 2) return 0;
  const span = Math.max(now, recent.at(-1)!) - recent[0]!;
  return span > 0 ? (60_000 * (recent.length - 1)) / span : 0;
}

const WINDOW = 200;

/** What a run knows of itself while results come. */
export interface Tracker {
  readonly progress: (change?: Partial<SweepProgress>) => SweepProgress;
  readonly add: (outcome: 'done' | string, finished: number) => void;
}

/** Counts results. `before`: what was there when the run began. */
export function tracker(
  before: Pick<SweepProgress, 'name' | 'total' | 'done'> & { readonly reasons: ReadonlyMap<string, number> },
): Tracker {
  const begin = performance.now();
  const reasons = new Map(before.reasons);
  const times: number[] = [];
  let done = before.done;
  return {
    add: (outcome, finished) => {
      times.push(finished);
      if (times.length > 2 * WINDOW) times.splice(0, WINDOW);
      if (outcome === 'done') done++;
      else reasons.set(outcome, (reasons.get(outcome) ?? 0) + 1);
    },
    progress: (change = {}) => ({
      ...before,
      before: before.done,
      done,
      failed: [...reasons.values()].reduce((sum, count) => sum + count, 0),
      reasons,
      perMinute: perMinute(times, Date.now()),
      seconds: (performance.now() - begin) / 1000,
      ...change,
    }),
  };
}
