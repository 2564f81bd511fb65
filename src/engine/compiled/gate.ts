/**
 * A gate between two threads. A thread that is ended inside a call of ONNX Runtime takes the process down with it
 * (Napi::Error in a place that must not throw), so whoever ends waits until nobody is inside.
 */
const [INSIDE, CLOSED] = [0, 1];

/** Does a piece of work, unless the gate is closed: then never. @param gate two numbers that the threads share */
export async function within<T>(gate: Int32Array, work: () => Promise<T>): Promise<T> {
  Atomics.add(gate, INSIDE, 1);
  try {
    if (!Atomics.load(gate, CLOSED)) return await work();
  } finally {
    Atomics.sub(gate, INSIDE, 1);
    Atomics.notify(gate, INSIDE);
  }
  return new Promise<never>(() => {});
}

/** Closes the gate and stands still until nobody is inside. */
export function close(gate: Int32Array): void {
  Atomics.store(gate, CLOSED, 1);
  for (let inside = Atomics.load(gate, INSIDE); inside > 0; inside = Atomics.load(gate, INSIDE))
    Atomics.wait(gate, INSIDE, inside);
}
