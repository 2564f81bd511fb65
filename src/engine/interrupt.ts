import { problem } from '../core/errors.js';

/** What stops the attacks that run in a notebook when the reader presses the interrupt button. */
export interface Interrupts {
  /** Whether an interrupt has come since, or the signal was given. */
  hit(): boolean;
  /** Stops listening. Harmless when done twice. */
  release(): void;
}

const listening = new Set<() => void>();
/** The kernel's own listeners: they end the running cell at once, so they wait while something can end by itself. */
let kernels: NodeJS.SignalsListener[] = [];
let pressed = false;
let stoppedCell: unknown;

/** tslab gives every cell its own `write`. */
const cell = (): unknown => process.stdout.write;

const tell: NodeJS.SignalsListener = (signal) => {
  if (pressed) for (const listener of kernels) listener(signal);
  pressed = true;
  stoppedCell = cell();
  for (const heard of listening) heard();
};

function listen(heard: () => void): void {
  if (listening.size === 0) {
    kernels = process.listeners('SIGINT');
    process.on('SIGINT', tell);
    for (const listener of kernels) process.off('SIGINT', listener);
  }
  listening.add(heard);
}

function leave(heard: () => void): void {
  if (!listening.delete(heard) || listening.size > 0) return;
  for (const listener of kernels) process.on('SIGINT', listener);
  process.off('SIGINT', tell);
  pressed = false;
}

/**
 * Listens for Jupyter's interrupt, a SIGINT to the kernel, until released; elsewhere than in a kernel it hears nothing
 * and Ctrl-C ends the program as ever. tslab's own listener would give the cell back at once, without a result, and
 * leave its promise running: it waits, so that the cell ends with what the attack has found. A second interrupt goes to
 * tslab. Listening begins one microtask later: while a cell's synchronous part runs, node holds every SIGINT listener
 * back (vm's breakOnSigint), and one added then makes the next interrupt kill the kernel.
 * @param where the caller's name, for the message
 * @param signal counts as an interrupt
 * @param onHit called at each interrupt
 * @throws when the running cell was interrupted before: what it had running has ended, it shall not begin anew
 * @example
 * const interrupt = interrupts('mine');
 * try { for (let k = 0; k < 3 && !interrupt.hit(); k++) await work(k); } finally { interrupt.release(); }
 */
export function interrupts(
  where: string,
  { signal, onHit }: { readonly signal?: AbortSignal; readonly onHit?: () => void } = {},
): Interrupts {
  let hit = false;
  let released = !('__tslab__' in globalThis);
  if (!released && stoppedCell === cell())
    throw problem(where, 'not begun, the cell was interrupted', undefined, 'run the cell again');
  const heard = (): void => {
    hit = true;
    onHit?.();
  };
  queueMicrotask(() => {
    if (!released) listen(heard);
  });
  return {
    hit: () => hit || (signal?.aborted ?? false),
    release: () => {
      released = true;
      leave(heard);
    },
  };
}

/** Steps that can ask whether to stop, at a notebook's interrupt or a signal, from the first to the last. */
export async function* stoppable<Y, R>(
  where: string,
  signal: AbortSignal | undefined,
  steps: (stop: () => boolean) => AsyncGenerator<Y, R>,
): AsyncGenerator<Y, R> {
  const interrupt = interrupts(where, { signal });
  try {
    return yield* steps(interrupt.hit);
  } finally {
    interrupt.release();
  }
}
