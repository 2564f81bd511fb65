import { setImmediate as turn } from 'node:timers/promises';

/** Milliseconds of work at a stretch. */
const STRETCH = 20;

/** Called between the pieces of a long work, gives the event loop a turn where the last one is a while ago. */
export function breathing(): () => Promise<void> {
  let last = performance.now();
  return async () => {
    if (performance.now() - last < STRETCH) return;
    await turn();
    last = performance.now();
  };
}
