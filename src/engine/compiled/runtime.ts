/** The only door to ONNX Runtime: whether it loads, and sessions in this thread. */
import { createRequire } from 'node:module';
import type * as Onnx from 'onnxruntime-node';
import { telemetryOff } from '../../core/telemetry.js';
import type { NdArray } from '../../core/types.js';
import { requireFrom } from '../installed.js';
import { preload } from '../preload.js';
import { within } from './gate.js';

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

/** The providers that the installed ONNX Runtime was built with; whether they run here is another question. */
export const bundledProviders = (): string[] =>
  load()
    .runtime?.listSupportedBackends()
    .map(({ name }) => name) ?? [];

/** What runs a loaded model. */
export interface Runs {
  /** The values of the named outputs. */
  run(inputs: readonly NdArray[], outputs: readonly string[]): Promise<Float32Array[]>;
  release(): Promise<void>;
}

/** A loaded model. */
export interface OwnSession extends Runs {
  /** The same with inputs that come last in every run; their release lets go of them alone. */
  holding(fixed: readonly NdArray[]): Promise<Runs>;
}

/**
 * Opens a model in this thread, which stands still meanwhile, and in every run. Operations that a provider lacks are
 * put on the processor by the runtime itself.
 * @throws what ONNX Runtime says, in one line
 */
export async function openHere(model: Uint8Array, threads: number, provider: string): Promise<OwnSession> {
  if (provider === 'cuda' || provider === 'tensorrt') preload('cuda');
  const { InferenceSession, Tensor } = load().runtime!;
  const session = await within(() =>
    InferenceSession.create(model, {
      executionProviders: [provider],
      intraOpNumThreads: threads,
      interOpNumThreads: 1,
      executionMode: 'sequential',
      // a pattern keeps what the first run took beside one block for all later ones: 1.6 times the memory, and on a
      // card, where every allocation delays a launch, a fifth of the time
      enableMemPattern: provider !== 'cpu',
      graphOptimizationLevel: 'all',
      logSeverityLevel: 3,
      extra: { session: { intra_op: { allow_spinning: '0' } } },
    }),
  ).catch((error: Error) => {
    throw new Error(readable(error.message));
  });
  const running =
    (fixed: readonly NdArray[]): Runs['run'] =>
    // does its work inside setImmediate, so timers and interrupts get their turn before every call
    async (inputs, outputs) => {
      const feeds = [...inputs, ...fixed].map(({ data, shape }, i) => [`x${i}`, new Tensor('float32', data, shape)]);
      const results = await within(() => session.run(Object.fromEntries(feeds)));
      return outputs.map((name) => results[name]!.data as Float32Array);
    };
  return {
    run: running([]),
    holding: async (fixed) => ({ run: running(fixed), release: async () => {} }),
    release: () => within(() => session.release()),
  };
}

/** The sentence of a message of ONNX Runtime, without its source file, function and condition. */
const readable = (message: string): string =>
  message.split('\n')[0]!.replace(/^\S*onnxruntime\S*:\d+ .* was false\. /, '');

/** Values of an ONNX file of somebody else, which has one input. */
export const valuesHere = (path: string, input: NdArray): Promise<Float32Array> =>
  within(async () => {
    const { InferenceSession, Tensor } = load().runtime!;
    const session = await InferenceSession.create(path, { logSeverityLevel: 4, intraOpNumThreads: 1 });
    try {
      const feeds = { [session.inputNames[0]!]: new Tensor('float32', input.data, input.shape) };
      const values = await session.run(feeds);
      return Float32Array.from(values[session.outputNames[0]!]!.data as Float32Array);
    } finally {
      await session.release();
    }
  });
