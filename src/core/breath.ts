import { setImmediate as turn } from 'node:timers/promises';

/** Milliseconds of work at a stretch. */
const STRETCH = 20;

/** One clock for all: many short works, one after the other, are one long stretch. */
let last = performance.now();

/** Called between the pieces of a long work, gives the event loop a turn where the last one is a while ago. */
export async function breath(): Promise<void> {
  if (performance.now() - last < STRETCH) return;
  await turn();
  last = performance.now();
}
