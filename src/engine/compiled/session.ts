/** Sessions of ONNX Runtime that are shared, counted and released. */
import { createHash } from 'node:crypto';
import { isMainThread } from 'node:worker_threads';
import { breath } from '../../core/breath.js';
import type { NdArray } from '../../core/types.js';
import type { Effort } from './ir/effort.js';
import type { Port } from './onnx/model.js';
import { type OwnSession, openHere, type Runs, valuesHere } from './runtime.js';
import { openThere, valuesThere } from './session-thread.js';

/** A loaded model that may have several users. */
export interface Session {
  run(inputs: readonly NdArray[]): Promise<NdArray[]>;
  /** Gives the session back; the last user's call lets it be released. Harmless when done twice. */
  release(): void;
}

interface Shared {
  readonly session: Promise<OwnSession>;
  readonly bytes: number;
  /** Bytes of all values of the graph: what its runs leave behind grows with them. */
  readonly values: number;
  users: number;
}

// Insertion order is age: the first idle one is released first.
const sessions = new Map<string, Shared>();
const IDLE_SESSIONS = 12;
const IDLE_BYTES = 256 * 2 ** 20;
const IDLE_VALUES = 2 ** 31;

/** Up to here opening took at most 61 ms of a core's time and a run 45: not worth a message to another thread. */
const LITTLE: Effort = { bytes: 2 ** 26, products: 2 ** 28 };

/** A worker thread has nobody to answer meanwhile. A card's first session takes seconds, for its libraries. */
const opener = (provider: string, { bytes, products }: Effort): typeof openThere => {
  const little = bytes <= LITTLE.bytes && products <= LITTLE.products && (provider === 'cpu' || sessions.size > 0);
  return isMainThread && !little ? openThere : openHere;
};

/**
 * A session for a model: the existing one when the same bytes with the same threads and provider are loaded already.
 * @param model may be moved to another thread: of no use to the caller afterwards
 * @param fixed inputs that come last in every run of this user, handed over once
 * @throws what ONNX Runtime says, in one line; a provider that does not open is never replaced by another
 */
export async function openSession(
  model: Uint8Array,
  outputs: readonly Port[],
  threads: number,
  provider: string,
  effort: Effort,
  fixed: readonly NdArray[] = [],
): Promise<Session> {
  const key = `${provider}:${threads}:${await digest(model)}`;
  const shared = sessions.get(key) ?? {
    bytes: model.length,
    values: effort.bytes,
    users: 0,
    session: opener(provider, effort)(model, threads, provider),
  };
  sessions.delete(key);
  sessions.set(key, shared);
  shared.users++;
  const session = await shared.session.catch((error) => {
    sessions.delete(key);
    throw error;
  });
  const leave = (): void => {
    shared.users--;
    releaseIdle();
  };
  const hold = (): Promise<Runs> =>
    session.holding(fixed).catch((error) => {
      leave();
      throw error;
    });
  const runs = fixed.length > 0 ? await hold() : session;
  const names = outputs.map(({ name }) => name);
  let open = true;
  return {
    run: async (inputs) => {
      shared.users++;
      const results = await runs.run(inputs, names).finally(leave);
      return outputs.map(({ shape }, i) => ({ shape, data: results[i]! }));
    },
    release: () => {
      if (open && runs !== session) void runs.release().catch(() => {});
      if (open) leave();
      open = false;
    },
  };
}

const CHUNK = 2 ** 24;

/** Equal for equal models. */
export async function digest(model: Uint8Array): Promise<string> {
  const hash = createHash('sha1');
  for (let from = 0; from < model.length; from += CHUNK) {
    hash.update(model.subarray(from, from + CHUNK));
    await breath();
  }
  return hash.digest('hex');
}

/** Releases idle sessions, oldest first, until few and small ones are kept for the next image of a study. */
function releaseIdle(): void {
  const idle = [...sessions].filter(([, shared]) => shared.users === 0);
  const total = (what: 'bytes' | 'values'): number => idle.reduce((sum, [, shared]) => sum + shared[what], 0);
  let [bytes, values] = [total('bytes'), total('values')];
  for (const [k, [key, shared]] of idle.entries()) {
    if (idle.length - k <= IDLE_SESSIONS && bytes <= IDLE_BYTES && values <= IDLE_VALUES) return;
    sessions.delete(key);
    bytes -= shared.bytes;
    values -= shared.values;
    void shared.session.then((session) => session.release());
  }
}

/** Values of an ONNX file of somebody else, which has one input: for comparing a network read from it. */
export const onnxValues: typeof valuesHere = (path, input) => (isMainThread ? valuesThere : valuesHere)(path, input);
