/** From a function to a session: trace, simplify, emit, load. */
import { setImmediate as turn } from 'node:timers/promises';
import { problem } from '../../core/errors.js';
import type { NdArray } from '../../core/types.js';
import type { Tensor } from '../tf.js';
import { avoidOuterProducts } from './ir/lowrank.js';
import { inOrder } from './ir/node.js';
import { emit } from './onnx/emitter.js';
import { encodeModel } from './onnx/model.js';
import { rules } from './onnx/ops/index.js';
import type { ProviderName } from './provider-names.js';
import { openSession, type Session } from './session.js';
import { trace } from './trace/trace.js';

export { Untraceable } from './trace/untraceable.js';

/**
 * Errors: `Untraceable` when the function cannot be a static graph; what ONNX Runtime says when it does not open it.
 */
export async function compileGraph(
  fn: (...tensors: Tensor[]) => Tensor | Tensor[],
  inputs: readonly NdArray[],
  constants: readonly NdArray[],
  threads: number,
  provider: ProviderName,
): Promise<Session> {
  const { outputs } = trace(fn, inputs, constants);
  await turn(); // of the event loop, between the pieces
  const nodes = avoidOuterProducts(outputs);
  const graph = emit(
    rules,
    inputs.map(({ shape }) => shape),
    nodes,
  );
  const values = inOrder(nodes).reduce((sum, { size }) => sum + 4 * size, 0);
  await turn();
  const bytes = encodeModel(graph);
  await turn();
  return openSession(bytes, graph.outputs, threads, provider, values).catch((error: Error) => {
    const fix = provider === 'cpu' ? undefined : "start({ provider: 'cpu' }) runs it on the processor";
    throw problem('compile', `ONNX Runtime does not open this step on ${provider}: ${error.message}`, undefined, fix);
  });
}
