import { setImmediate as turn } from 'node:timers/promises';

/** Gives others a turn, where the last one is a while ago. */
export type Breath = () => Promise<void>;

/** Milliseconds of work at a stretch. */
const STRETCH = 20;

/** Called between the pieces of a long work, gives the event loop a turn where the last one is a while ago. */
export function breathing(): Breath {
  let last = performance.now();
  return async () => {
    if (performance.now() - last < STRETCH) return;
    await turn();
    last = performance.now();
  };
}
