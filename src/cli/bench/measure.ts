/** Contestants of one case, in alternating rounds, so that a busy moment of the machine hits all of them. */
import type { BenchCase } from './cases.js';
import type { Contestant } from './contestant.js';

/** One line of the table. */
export interface BenchRow extends BenchCase {
  readonly engine: string;
  readonly threads: number;
  readonly ms: number;
  readonly imagesPerSecond: number;
  readonly compileMs: number;
  readonly rssMb: number;
  /** This engine's ms over the compared program's; absent when nothing is compared. */
  readonly ratio?: number;
}

/** Evaluations per round fill about this time, so that fast cases are not all overhead. */
const roundMs = 400;

/** Median milliseconds of each contestant. The last one is the one to compare with when `compare` is set. */
export async function measure(
  benchCase: BenchCase,
  contestants: readonly Contestant[],
  rounds: number,
  compare: boolean,
): Promise<BenchRow[]> {
  const counts = [];
  for (const contestant of contestants) {
    const { ms } = await contestant.evaluate(1);
    counts.push(Math.max(1, Math.min(50, Math.round(roundMs / ms[0]!))));
  }
  const times = contestants.map((): number[] => []);
  const peaks = contestants.map(() => 0);
  for (let round = 0; round < rounds; round++)
    for (const [k, contestant] of contestants.entries()) {
      const { ms, rssMb } = await contestant.evaluate(counts[k]!);
      times[k]!.push(median(ms));
      peaks[k] = Math.max(peaks[k]!, rssMb);
    }
  const medians = times.map(median);
  const other = compare ? medians.at(-1)! : undefined;
  return contestants.map(({ engine, threads, compileMs }, k) => ({
    ...benchCase,
    engine,
    threads,
    ms: round(medians[k]!, 2),
    imagesPerSecond: round((1000 * benchCase.batch) / medians[k]!, 1),
    compileMs,
    rssMb: peaks[k]!,
    ...(other !== undefined && { ratio: round(medians[k]! / other, 3) }),
  }));
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

const round = (value: number, digits: number): number => Number(value.toFixed(digits));
