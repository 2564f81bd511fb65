/** From a function to a session: trace, simplify, emit, load. */
import type { NdArray } from '../../core/types.js';
import type { Tensor } from '../tf.js';
import { avoidOuterProducts } from './ir/lowrank.js';
import { emit } from './onnx/emitter.js';
import { encodeModel } from './onnx/model.js';
import { rules } from './onnx/ops/index.js';
import { openSession, type Session } from './session.js';
import { trace } from './trace/trace.js';

export { Untraceable } from './trace/untraceable.js';

/** Errors: `Untraceable` when the function cannot be a static graph. */
export async function compileGraph(
  fn: (...tensors: Tensor[]) => Tensor | Tensor[],
  inputs: readonly NdArray[],
  constants: readonly NdArray[],
  threads: number,
): Promise<Session> {
  const { outputs } = trace(fn, inputs, constants);
  const graph = emit(
    rules,
    inputs.map(({ shape }) => shape),
    avoidOuterProducts(outputs),
  );
  return openSession(encodeModel(graph), graph.outputs, threads);
}
