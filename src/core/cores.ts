import { availableParallelism } from 'node:os';

/** How many cores this process may keep busy: ROGLAB_CORES where that is a whole number above 0, else all there are. */
export function cores(): number {
  const told = Number(process.env.ROGLAB_CORES);
  return Number.isInteger(told) && told > 0 ? told : availableParallelism();
}
