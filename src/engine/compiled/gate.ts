/**
 * A gate at ONNX Runtime for the worker threads of this process. A thread that is ended inside a native call takes the
 * process down (Napi::Error where nothing may throw), so the process, where it exits, waits until nobody is inside.
 */
import { getEnvironmentData, isMainThread, setEnvironmentData } from 'node:worker_threads';

const [INSIDE, CLOSED] = [0, 1];
/** Milliseconds. A thread that an error of its own has ended on its way in never comes out. */
const PATIENCE = 20_000;
const NAME = 'roglab: threads inside ONNX Runtime';

if (isMainThread) {
  const gate = new Int32Array(new SharedArrayBuffer(8));
  setEnvironmentData(NAME, gate); // every thread that is started from now on has it
  process.once('exit', () => {
    Atomics.store(gate, CLOSED, 1);
    const until = Date.now() + PATIENCE;
    for (let inside = Atomics.load(gate, INSIDE); inside > 0 && Date.now() < until; inside = Atomics.load(gate, INSIDE))
      Atomics.wait(gate, INSIDE, inside, PATIENCE);
  });
}
const shared = isMainThread ? undefined : (getEnvironmentData(NAME) as Int32Array | undefined);

/** Does a native call, in a worker thread unless the gate is closed: then never. */
export async function within<T>(call: () => Promise<T>): Promise<T> {
  if (!shared) return call();
  Atomics.add(shared, INSIDE, 1);
  try {
    if (!Atomics.load(shared, CLOSED)) return await call();
  } finally {
    Atomics.sub(shared, INSIDE, 1);
    Atomics.notify(shared, INSIDE);
  }
  return new Promise<never>(() => {});
}
