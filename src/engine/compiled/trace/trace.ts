/** Runs a function once on the recording backend. */
import { problem } from '../../../core/errors.js';
import type { NdArray } from '../../../core/types.js';
import * as tf from '../../tf.js';
import { type Graph, input, type Node } from '../ir/node.js';
import { BACKEND_NAME, traceBackend } from './backend.js';
import { Untraceable } from './untraceable.js';

export interface Trace {
  readonly graph: Graph;
  readonly outputs: readonly Node[];
}

/**
 * The graph of `fn(...inputs, ...constants)`: inputs are known by shape only, constants by value. The current backend
 * is restored, also after an error.
 * @throws `Untraceable` when fn does what a static graph cannot (reads a value, uses an unknown operation)
 */
export function trace(
  fn: (...tensors: tf.Tensor[]) => tf.Tensor | tf.Tensor[],
  inputs: readonly NdArray[],
  constants: readonly NdArray[],
): Trace {
  const backend = traceBackend();
  const before = tf.getBackend();
  const { stackTraceLimit } = Error;
  Error.stackTraceLimit = 60;
  void tf.setBackend(BACKEND_NAME);
  const graph = backend.begin();
  try {
    const outputs: Node[] = [];
    tf.tidy(() => {
      const tensor = (n: Node): tf.Tensor => tf.engine().makeTensorFromTensorInfo(backend.info(n));
      const given = [
        ...inputs.map(({ shape }, i) => tensor(input(graph, i, shape))),
        ...constants.map(({ shape, data }) => tf.tensor(data, [...shape], 'float32')),
      ];
      const result = fn(...given);
      if (result instanceof Promise) throw problem('compile', 'the function must not be async');
      for (const t of [result].flat()) outputs.push(backend.nodeOf(t));
    });
    return { graph, outputs };
  } catch (error) {
    throw error instanceof Untraceable
      ? new Untraceable(`${error.message}${callSite(error)}`, error.readsValue)
      : error;
  } finally {
    Error.stackTraceLimit = stackTraceLimit;
    backend.begin();
    if (before) void tf.setBackend(before);
  }
}

/** Where the user's code made the call: the first stack line outside packages and this folder. */
function callSite({ stack = '' }: Error): string {
  const line = stack
    .split('\n')
    .slice(1)
    .find((text) => !/node_modules|node:|src[\\/]engine[\\/]/.test(text));
  return line ? ` (${line.trim()})` : '';
}
