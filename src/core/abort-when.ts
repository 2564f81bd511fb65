/** Milliseconds between two looks. */
const LOOK = 50;

/** A signal for something that no event tells of: given when `stopped` is found true, between other work. */
export function abortWhen(stopped: () => boolean): {
  readonly signal: AbortSignal;
  /** Looks now; the clock does it else. */
  readonly look: () => void;
  readonly end: () => void;
} {
  const control = new AbortController();
  const look = (): void => {
    if (stopped()) control.abort();
  };
  look();
  const timer = setInterval(look, LOOK);
  return { signal: control.signal, look, end: () => clearInterval(timer) };
}
