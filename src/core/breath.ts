import { setImmediate as turn } from 'node:timers/promises';

/** Milliseconds of work at a stretch. */
const STRETCH = 20;

/** One clock for all: many short works, one after the other, are one long stretch. */
let last = performance.now();

/**
 * Called between the pieces of a long work, gives the event loop a turn where the last one is a while ago. Undefined
 * where it is not: thousands of small pieces do not wait for as many promises.
 */
export const breath = (): Promise<void> | undefined => (performance.now() - last < STRETCH ? undefined : turned());

async function turned(): Promise<void> {
  await turn();
  last = performance.now();
}
