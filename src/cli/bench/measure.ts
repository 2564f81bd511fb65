/** Contestants of one case, in alternating rounds, so that a busy moment of the machine hits all of them. */
import { median } from '../../core/numbers.js';
import type { BenchCase } from './cases.js';
import type { Contestant } from './contestant.js';

/** One line of the table. */
export interface BenchRow extends BenchCase {
  readonly engine: string;
  readonly threads: number;
  readonly ms: number;
  readonly imagesPerSecond: number;
  /** Processor time of an evaluation, over all threads: what other programs on the machine do not change. */
  readonly cpuMs?: number;
  readonly compileMs: number;
  readonly rssMb: number;
  /** This engine's ms over the compared program's; absent when nothing is compared. */
  readonly ratio?: number;
  readonly cpuRatio?: number;
  readonly memoryRatio?: number;
  /** Of a private step: ms over those of the plain step of the same network and images, and processor time over its. */
  readonly overPlain?: number;
  readonly cpuOverPlain?: number;
  /** max |a - b| / max |b| over entries of the gradient, b the first engine's. */
  readonly apart?: number;
}

/** Evaluations per round fill about this time, so that fast cases are not all overhead. */
const ROUND_MS = 400;

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
    counts.push(Math.max(1, Math.min(50, Math.round(ROUND_MS / ms[0]!))));
  }
  const times = contestants.map((): number[] => []);
  const cpu = contestants.map((): number[] => []);
  const peaks = contestants.map(() => 0);
  for (let round = 0; round < rounds; round++)
    for (const [k, contestant] of contestants.entries()) {
      const { ms, cpuMs, rssMb } = await contestant.evaluate(counts[k]!);
      if (cpuMs !== undefined) cpu[k]!.push(cpuMs);
      times[k]!.push(median(ms));
      peaks[k] = Math.max(peaks[k]!, rssMb);
    }
  const medians = times.map(median);
  const busy = cpu.map((list) => (list.length ? median(list) : undefined));
  const over = (list: readonly (number | undefined)[], k: number): number | undefined =>
    compare && list[k] && list.at(-1) ? round(list[k] / list.at(-1)!, 3) : undefined;
  const optional = <T extends Record<string, number | undefined>>(fields: T): Partial<Record<keyof T, number>> =>
    Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as never;
  return contestants.map(({ engine, threads, compileMs, result }, k) => ({
    ...benchCase,
    engine,
    threads,
    ms: round(medians[k]!, 2),
    imagesPerSecond: round((1000 * benchCase.batch) / medians[k]!, 1),
    compileMs,
    rssMb: peaks[k]!,
    ...optional({
      cpuMs: busy[k] && round(busy[k], 2),
      ratio: over(medians, k),
      cpuRatio: over(busy, k),
      memoryRatio: over(peaks, k),
      apart: result && k > 0 && contestants[0]!.result ? apartOf(result, contestants[0]!.result) : undefined,
    }),
  }));
}

/** The other rows, each over the row at a place, which was measured in the same rounds. */
export function overPlain(rows: readonly BenchRow[], place: number): BenchRow[] {
  const plain = rows[place]!;
  return rows
    .filter((row) => row !== plain)
    .map((row) => ({
      ...row,
      overPlain: round(row.ms / plain.ms, 3),
      ...(row.cpuMs && plain.cpuMs && { cpuOverPlain: round(row.cpuMs / plain.cpuMs, 3) }),
    }));
}

const apartOf = (a: readonly number[], b: readonly number[]): number =>
  Number((Math.max(...b.map((y, i) => Math.abs(a[i]! - y))) / Math.max(...b.map(Math.abs))).toExponential(1));

const round = (value: number, digits: number): number => Number(value.toFixed(digits));
