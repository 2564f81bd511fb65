/** The only door to ONNX Runtime: whether it loads, and sessions that are shared, counted and released. */
import { createHash } from 'node:crypto';
import { createRequire } from 'node:module';
import type * as Onnx from 'onnxruntime-node';
import { telemetryOff } from '../../core/telemetry.js';
import type { NdArray } from '../../core/types.js';
import { requireFrom } from '../installed.js';
import { preload } from '../preload.js';
import type { Port } from './onnx/model.js';

// when this is imported, not when the runtime is loaded: a worker thread, which cannot do it, may load it first
const quiet = telemetryOff();

const require = createRequire(import.meta.url);
/** The runtime that has CUDA's provider beside it where that was added, else roglab's own: of one version. */
const requireRuntime = requireFrom('cuda');
let loaded: { runtime?: typeof Onnx; version: string; why: string } | undefined;

function load(): NonNullable<typeof loaded> {
  if (loaded) return loaded;
  if (!quiet) {
    loaded = { version: '', why: REPORTS };
    return loaded;
  }
  try {
    const runtime = requireRuntime('onnxruntime-node') as typeof Onnx;
    const { version } = requireRuntime('onnxruntime-node/package.json') as { version: string };
    runtime.env.logLevel = 'fatal'; // what fails is thrown as well
    loaded = { runtime, version, why: '' };
  } catch (error) {
    loaded = { version: '', why: whyNot(error as NodeJS.ErrnoException) };
  }
  return loaded;
}

const REPORTS =
  'ONNX Runtime would report to its makers, which a worker thread cannot turn off: import roglab in the main ' +
  'thread first, or set ORT_DISABLE_TELEMETRY=1';

/** An optional dependency: its install script fetches CUDA libraries, and npm leaves it out where that fails. */
function whyNot({ code, message }: NodeJS.ErrnoException): string {
  if (code !== 'MODULE_NOT_FOUND') return `onnxruntime-node does not load: ${message.split('\n')[0]}`;
  const { optionalDependencies } = require('roglab/package.json') as { optionalDependencies: Record<string, string> };
  const wanted = `onnxruntime-node@${optionalDependencies['onnxruntime-node']}`;
  return `onnxruntime-node is not installed; npm install --ignore-scripts ${wanted}`;
}

/** Whether ONNX Runtime loads here; if not, `why` is one line. */
export function onnxAvailable(): { ok: boolean; why: string; version: string } {
  const { runtime, why, version } = load();
  return { ok: runtime !== undefined, why, version };
}

/**
 * The execution providers that the installed ONNX Runtime was built with; whether they run here is another question.
 */
export const bundledProviders = (): string[] =>
  load()
    .runtime?.listSupportedBackends()
    .map(({ name }) => name) ?? [];

/** A loaded model that may have several users. */
export interface Session {
  run(inputs: readonly NdArray[]): Promise<NdArray[]>;
  /** Gives the session back; the last user's call lets it be released. Harmless when done twice. */
  release(): void;
}

interface Shared {
  readonly session: Promise<Onnx.InferenceSession>;
  readonly bytes: number;
  /** Bytes of all values of the graph: what its runs leave behind grows with them. */
  readonly values: number;
  users: number;
}

// Insertion order is age: the first idle one is released first.
const sessions = new Map<string, Shared>();
const IDLE_SESSIONS = 4;
const IDLE_BYTES = 256 * 2 ** 20;
const IDLE_VALUES = 2 ** 31;

/**
 * A session for a model: the existing one when the same bytes with the same threads and provider are loaded already.
 * @throws what ONNX Runtime says, in one line; a provider that does not open is never replaced by another
 */
export async function openSession(
  model: Uint8Array,
  outputs: readonly Port[],
  threads: number,
  provider: string,
  values = 0,
): Promise<Session> {
  const key = `${provider}:${threads}:${createHash('sha1').update(model).digest('hex')}`;
  const shared = sessions.get(key) ?? {
    session: create(model, threads, provider),
    bytes: model.length,
    values,
    users: 0,
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
  let open = true;
  return {
    run: (inputs) => {
      shared.users++;
      return run(session, inputs, outputs).finally(leave);
    },
    release: () => {
      if (open) leave();
      open = false;
    },
  };
}

/** Operations that a provider lacks are put on the processor by the runtime itself. */
const create = (model: Uint8Array, threads: number, provider: string): Promise<Onnx.InferenceSession> => {
  if (provider === 'cuda' || provider === 'tensorrt') preload('cuda');
  return load()
    .runtime!.InferenceSession.create(model, {
      executionProviders: [provider],
      intraOpNumThreads: threads,
      interOpNumThreads: 1,
      executionMode: 'sequential',
      // a pattern keeps what the first run took beside one block for all later ones: 1.6 times the memory
      enableMemPattern: false,
      graphOptimizationLevel: 'all',
      logSeverityLevel: 3,
      extra: { session: { intra_op: { allow_spinning: '0' } } },
    })
    .catch((error: Error) => {
      throw new Error(readable(error.message));
    });
};

/** The sentence of a message of ONNX Runtime, without its source file, function and condition. */
const readable = (message: string): string =>
  message.split('\n')[0]!.replace(/^\S*onnxruntime\S*:\d+ .* was false\. /, '');

/** session.run does its work inside setImmediate, so timers and interrupts get their turn before every call. */
async function run(
  session: Onnx.InferenceSession,
  inputs: readonly NdArray[],
  outputs: readonly Port[],
): Promise<NdArray[]> {
  const { Tensor } = load().runtime!;
  const feeds = Object.fromEntries(inputs.map(({ data, shape }, i) => [`x${i}`, new Tensor('float32', data, shape)]));
  const results = await session.run(feeds);
  return outputs.map(({ name, shape }) => ({ shape, data: results[name]!.data as Float32Array }));
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
export async function onnxValues(path: string, input: NdArray): Promise<Float32Array> {
  const { InferenceSession, Tensor } = load().runtime!;
  const session = await InferenceSession.create(path, { logSeverityLevel: 4, intraOpNumThreads: 1 });
  try {
    const feeds = { [session.inputNames[0]!]: new Tensor('float32', input.data, input.shape) };
    const values = await session.run(feeds);
    return Float32Array.from(values[session.outputNames[0]!]!.data as Float32Array);
  } finally {
    await session.release();
  }
}
