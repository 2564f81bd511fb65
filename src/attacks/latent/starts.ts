import type { NdArray } from '../../core/types.js';
import { type Evaluate, minimise, type SearchState, searchStart } from '../search/minimise.js';

/** A point to begin from. */
export interface Start {
  readonly name: string;
  readonly point: NdArray;
  readonly objective: number;
}

/** Closures that each finalist gets. */
const HEAT = 15;

/**
 * The candidates, the best first. All are compared once; the best that comes from the raw reconstruction and the best
 * of the others then get a few closures each, for a picture that matches well at first may lead nowhere (signs: the raw
 * reconstruction is an optimum of its own). `evaluate` moves the largest structures only.
 */
export async function startsOf(
  candidates: readonly (readonly [string, NdArray])[],
  evaluate: Evaluate,
): Promise<readonly Start[]> {
  const first: Start[] = [];
  for (const [name, point] of candidates) first.push({ name, point, objective: (await evaluate(point)).objective });
  const order = first.sort(byObjective);
  const finalists = [order.find(isRaw)!, order.find((start) => !isRaw(start))!];
  const heats: Start[] = [];
  for (const { name, point } of finalists) {
    const stages = [{ size: [1, 1], closures: HEAT, rate: [0.15, 0.05] }] as const;
    const search = { evaluate, stages, size: [1, 1], start: point } as const;
    let state: SearchState = searchStart(search);
    for await (state of minimise(search));
    heats.push({ name, point: state.best.images, objective: state.best.objective });
  }
  return [...heats.sort(byObjective), ...order.filter((start) => !finalists.includes(start))];
}

export const isRaw = ({ name }: Pick<Start, 'name'>): boolean => name.startsWith('raw');

const byObjective = (a: Start, b: Start): number => a.objective - b.objective;
