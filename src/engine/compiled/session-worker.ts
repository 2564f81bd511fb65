/** What runs in the thread of {@link file://./session-thread.ts}: sessions by the number of their call. */
import { parentPort } from 'node:worker_threads';
import type { NdArray } from '../../core/types.js';
import { type OwnSession, openHere, type Runs, valuesHere } from './runtime.js';

/** What the thread is asked for. */
export type Task =
  | { readonly kind: 'open'; readonly model: Uint8Array; readonly threads: number; readonly provider: string }
  | { readonly kind: 'hold'; readonly session: number; readonly given: Packed }
  | { readonly kind: 'run'; readonly session: number; readonly given: Packed; readonly outputs: readonly string[] }
  | { readonly kind: 'file'; readonly path: string; readonly input: NdArray }
  | { readonly kind: 'release'; readonly session: number };

/** Arrays one after the other in one buffer. */
export interface Packed {
  readonly buffer: ArrayBuffer;
  readonly shapes: readonly (readonly number[])[];
  /** In bytes. */
  readonly offsets: readonly number[];
}

/** What it answers. A run gives the buffer of its inputs back. */
export interface Answer {
  readonly call: number;
  readonly error?: Error;
  readonly values?: readonly Float32Array[];
  readonly buffer?: ArrayBuffer;
}

const sessions = new Map<number, OwnSession>();
/** Sessions, and what holds inputs for runs of one. */
const runs = new Map<number, Runs>();

async function answered(call: number, task: Task): Promise<Omit<Answer, 'call'>> {
  if (task.kind === 'open') {
    const session = await openHere(task.model, task.threads, task.provider);
    sessions.set(call, session);
    runs.set(call, session);
    return {};
  }
  if (task.kind === 'hold') {
    runs.set(call, await sessions.get(task.session)!.holding(unpacked(task.given)));
    return {};
  }
  if (task.kind === 'file') return { values: [await valuesHere(task.path, task.input)] };
  const session = runs.get(task.session)!;
  if (task.kind === 'run') {
    const { buffer } = task.given;
    return { values: await session.run(unpacked(task.given), task.outputs), buffer };
  }
  sessions.delete(task.session);
  runs.delete(task.session);
  await session.release();
  return {};
}

const unpacked = ({ buffer, shapes, offsets }: Packed): NdArray[] =>
  shapes.map((shape, i) => ({
    shape,
    data: new Float32Array(
      buffer,
      offsets[i]!,
      shape.reduce((product, n) => product * n, 1),
    ),
  }));

parentPort!.on('message', async ({ call, task }: { call: number; task: Task }) => {
  const answer = await answered(call, task).catch((error: Error) => ({ error }));
  const { values = [], buffer } = 'error' in answer ? {} : answer;
  const buffers = [...values.map(({ buffer }) => buffer as ArrayBuffer), ...(buffer ? [buffer] : [])];
  parentPort!.postMessage({ call, ...answer }, [...new Set(buffers)]);
});
