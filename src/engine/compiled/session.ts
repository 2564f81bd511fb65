/** The only door to ONNX Runtime: whether it loads, and sessions that are shared, counted and released. */
import { createHash } from 'node:crypto';
import { createRequire } from 'node:module';
import type * as Onnx from 'onnxruntime-node';
import type { NdArray } from '../../core/types.js';
import type { Port } from './onnx/model.js';

const require = createRequire(import.meta.url);
let loaded: { runtime?: typeof Onnx; version: string; why: string } | undefined;

function load(): NonNullable<typeof loaded> {
  if (loaded) return loaded;
  try {
    const runtime = require('onnxruntime-node') as typeof Onnx;
    const { version } = require('onnxruntime-node/package.json') as { version: string };
    loaded = { runtime, version, why: '' };
  } catch (error) {
    loaded = { version: '', why: `onnxruntime-node does not load: ${(error as Error).message.split('\n')[0]}` };
  }
  return loaded;
}

/** Whether ONNX Runtime loads here; if not, `why` is one line. */
export function onnxAvailable(): { ok: boolean; why: string; version: string } {
  const { runtime, why, version } = load();
  return { ok: runtime !== undefined, why, version };
}

/** A loaded model that may have several users. */
export interface Session {
  run(inputs: readonly NdArray[]): Promise<NdArray[]>;
  /** Gives the session back; the last user's call lets it be released. Harmless when done twice. */
  release(): void;
}

interface Shared {
  readonly session: Onnx.InferenceSession;
  readonly bytes: number;
  users: number;
}

// Insertion order is age: the first idle one is released first.
const sessions = new Map<string, Promise<Shared>>();
const idleSessions = 4;
const idleBytes = 256 * 2 ** 20;

/** A session for a model: the existing one when the same bytes with the same threads are loaded already. */
export async function openSession(model: Uint8Array, outputs: readonly Port[], threads: number): Promise<Session> {
  const key = `${threads}:${createHash('sha1').update(model).digest('hex')}`;
  const shared = sessions.get(key) ?? create(model, threads);
  sessions.delete(key);
  sessions.set(key, shared);
  const entry = await shared.catch((error) => {
    sessions.delete(key);
    throw error;
  });
  entry.users++;
  let open = true;
  return {
    run: (inputs) => run(entry.session, inputs, outputs),
    release: () => {
      if (!open) return;
      open = false;
      entry.users--;
      void releaseIdle();
    },
  };
}

async function create(model: Uint8Array, threads: number): Promise<Shared> {
  const session = await load().runtime!.InferenceSession.create(model, {
    intraOpNumThreads: threads,
    interOpNumThreads: 1,
    executionMode: 'sequential',
    graphOptimizationLevel: 'all',
    logSeverityLevel: 3,
    extra: { session: { intra_op: { allow_spinning: '0' } } },
  });
  return { session, bytes: model.length, users: 0 };
}

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
async function releaseIdle(): Promise<void> {
  const idle: { key: string; entry: Shared }[] = [];
  for (const [key, shared] of sessions) {
    const entry = await shared;
    if (entry.users === 0) idle.push({ key, entry });
  }
  let bytes = idle.reduce((sum, { entry }) => sum + entry.bytes, 0);
  for (const { key, entry } of idle.slice()) {
    if (idle.length <= idleSessions && bytes <= idleBytes) return;
    if (entry.users > 0) continue;
    sessions.delete(key);
    idle.shift();
    bytes -= entry.bytes;
    await entry.session.release();
  }
}
