/**
 * Sessions in a thread of their own: ONNX Runtime opens and runs a session in one call that gives nothing else a turn,
 * seconds for a large network, and a notebook would not hear its Stop meanwhile.
 */
import { Worker } from 'node:worker_threads';
import { telemetryOff } from '../../core/telemetry.js';
import type { NdArray } from '../../core/types.js';
import './gate.js'; // before a thread begins
import type { OwnSession, Runs } from './runtime.js';
import type { Answer, Packed, Task } from './session-worker.js';

/** ask(task, what it takes along) */
interface Thread {
  readonly ask: (task: Task, moved?: readonly ArrayBuffer[]) => Promise<Answer>;
}

let current: Thread | undefined;
let calls = 0;

/** A process does not stay open for a thread that has nothing to do. */
function started(): Thread {
  telemetryOff();
  const worker = new Worker(new URL('./session-worker.js', import.meta.url), { execArgv: [] });
  const waiting = new Map<number, { resolve: (answer: Answer) => void; reject: (error: Error) => void }>();
  let ended: Error | undefined;
  const fail = (error: Error): void => {
    ended ??= error;
    if (current === made) current = undefined;
    for (const { reject } of waiting.values()) reject(error);
    waiting.clear();
  };
  worker.unref();
  worker.on('error', fail);
  worker.on('exit', (code) => fail(new Error(`the thread of ONNX Runtime ended with exit code ${code}`)));
  worker.on('message', (answer: Answer) => {
    const { resolve, reject } = waiting.get(answer.call)!;
    waiting.delete(answer.call);
    if (waiting.size === 0) worker.unref();
    if (answer.error) reject(answer.error);
    else resolve(answer);
  });
  const made: Thread = {
    ask: (task, moved = []) =>
      new Promise((resolve, reject) => {
        if (ended) return reject(ended);
        const call = ++calls;
        if (waiting.size === 0) worker.ref();
        waiting.set(call, { resolve, reject });
        worker.postMessage({ call, task }, moved);
      }),
  };
  return made;
}

const thread = (): Thread => (current ??= started());

/** As `valuesHere`, without standing still. */
export async function valuesThere(path: string, input: NdArray): Promise<Float32Array> {
  const { values } = await thread().ask({ kind: 'file', path, input });
  return values![0]!;
}

/** As `openHere`, without standing still. @param model is moved to the thread: of no use here afterwards */
export async function openThere(model: Uint8Array, threads: number, provider: string): Promise<OwnSession> {
  const { ask } = thread();
  const { call } = await ask({ kind: 'open', model, threads, provider }, [model.buffer as ArrayBuffer]);
  const runs = (session: number): Runs => {
    const spare: ArrayBuffer[] = [];
    return {
      run: async (inputs, outputs) => {
        const given = packed(inputs, spare.pop());
        const { values, buffer } = await ask({ kind: 'run', session, given, outputs }, [given.buffer]);
        spare.push(buffer!);
        return values as Float32Array[];
      },
      release: async () => {
        await ask({ kind: 'release', session });
      },
    };
  };
  return {
    ...runs(call),
    holding: async (fixed) => {
      const given = packed(fixed, undefined);
      const held = await ask({ kind: 'hold', session: call, given }, [given.buffer]);
      return runs(held.call);
    },
  };
}

/** Where an array begins: whole lines of the processor's cache. */
const LINE = 64;

function packed(inputs: readonly NdArray[], spare: ArrayBuffer | undefined): Packed {
  let bytes = 0;
  const offsets = inputs.map(({ data }) => {
    const from = bytes;
    bytes += LINE * Math.ceil(data.byteLength / LINE);
    return from;
  });
  const buffer = spare ?? new ArrayBuffer(bytes);
  inputs.forEach(({ data }, i) => {
    new Float32Array(buffer, offsets[i]!, data.length).set(data);
  });
  return { buffer, shapes: inputs.map(({ shape }) => shape), offsets };
}
