/** The exit code of a command that was stopped: 128 + SIGINT. */
export const STOPPED = 130;

/** Says from where a stopped command goes on; its exit code. */
export function stopped(place: string): number {
  console.error(`stopped; the same command goes on from ${place}`);
  return STOPPED;
}

/** What a work comes to; undefined, and why is told, where it was stopped before it had anything. */
export async function unlessStopped<T>(signal: AbortSignal, work: Promise<T>): Promise<T | undefined> {
  try {
    return await work;
  } catch (error) {
    if (!signal.aborted) throw error;
    console.error((error as Error).message);
    return undefined;
  }
}

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** Aborted by the first Ctrl-C, SIGTERM or SIGHUP of this process; the second one ends it. */
export function stopSignal(): AbortSignal {
  const stop = new AbortController();
  const onSignal = (): void => {
    for (const signal of SIGNALS) process.off(signal, onSignal);
    stop.abort();
  };
  for (const signal of SIGNALS) process.on(signal, onSignal);
  return stop.signal;
}
