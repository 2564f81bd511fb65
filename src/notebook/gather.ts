type Write = typeof process.stdout.write;

/** Writes of a cell on their way to Jupyter. */
export interface Gathered {
  readonly write: Write;
  /** Sends what waits. */
  readonly flush: () => void;
}

/**
 * Lets the writes of a burst leave as one message: the first at once, what follows within `pause` milliseconds
 * together. Jupyter's server drops what comes faster than 1,000 messages a second, and a page that draws each line
 * alone stands still.
 * @param send takes a text
 * @param before called before this stream sends or keeps a text: what another stream holds goes first
 */
export function gather(send: (text: string) => void, before: () => void, pause = 30): Gathered {
  const decoder = new TextDecoder();
  let waiting = '';
  let sentAt = Number.NEGATIVE_INFINITY;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const flush = (): void => {
    clearTimeout(timer);
    timer = undefined;
    const text = waiting;
    waiting = '';
    if (!text) return;
    sentAt = performance.now();
    send(text);
  };
  const write = (chunk: Uint8Array | string): boolean => {
    before();
    waiting += typeof chunk === 'string' ? chunk : decoder.decode(chunk, { stream: true });
    if (performance.now() - sentAt >= pause || waiting.length > MOST) flush();
    else timer ??= setTimeout(flush, pause);
    return true;
  };
  return { write: write as Write, flush };
}

const MOST = 1 << 16;
