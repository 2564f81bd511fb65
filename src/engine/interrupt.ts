/** What stops the attacks that run in a notebook when the reader presses the interrupt button. */
export interface Interrupts {
  /** Whether an interrupt has come since. */
  hit(): boolean;
  /** Stops listening. Harmless when done twice. */
  release(): void;
}

const listening = new Set<() => void>();
const tell = (): void => {
  for (const heard of listening) heard();
};

/**
 * Listens for Jupyter's interrupt, a SIGINT to the kernel, until released; elsewhere than in a kernel it hears nothing and
 * Ctrl-C ends the program as ever. tslab's own listener gives the cell back at once but leaves its promise running.
 * Listening begins one microtask later: while a cell's synchronous part runs, node holds every SIGINT listener back
 * (vm's breakOnSigint), and one added then makes the next interrupt kill the kernel.
 * @param onHit called at each interrupt
 * @example const interrupt = interrupts(); try { while (!interrupt.hit()) await step(); } finally { interrupt.release(); }
 */
export function interrupts(onHit?: () => void): Interrupts {
  let hit = false;
  let released = !('__tslab__' in globalThis);
  const heard = (): void => {
    hit = true;
    onHit?.();
  };
  queueMicrotask(() => {
    if (released) return;
    if (listening.size === 0) process.on('SIGINT', tell);
    listening.add(heard);
  });
  return {
    hit: () => hit,
    release: () => {
      released = true;
      if (listening.delete(heard) && listening.size === 0) process.off('SIGINT', tell);
    },
  };
}
