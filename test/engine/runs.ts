import { encodeModel } from '../../src/engine/compiled/onnx/model.js';
import type { openHere } from '../../src/engine/compiled/runtime.js';

const shape = [1500, 1500];

/** Opens a large product of matrices and runs it some times; called when a run has begun. */
export async function runs(open: typeof openHere, count: number, onRun = (): void => {}): Promise<void> {
  const port = (name: string) => ({ name, type: 'float32', shape }) as const;
  const nodes = [{ type: 'MatMul', inputs: ['x0', 'x0'], outputs: ['y'], attributes: {} }];
  const model = await encodeModel({ nodes, initializers: [], inputs: [port('x0')], outputs: [port('y')] });
  const session = await open(model, 1, 'cpu');
  const x = { shape, data: new Float32Array(1500 * 1500).fill(1) };
  for (let k = 0; k < count; k++) {
    const done = session.run([x], ['y']);
    onRun();
    await done;
  }
}
