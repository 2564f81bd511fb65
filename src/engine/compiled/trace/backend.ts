/**
 * A tensorflow.js backend that computes nothing: its tensors are nodes of a graph, its kernels (the tables beside this
 * file) add nodes. Running a function on it once records what the function does.
 */
import { problem, show } from '../../../core/errors.js';
import * as tf from '../../tf.js';
import { constant, createGraph, type Dtype, type Graph, type Node, type Values } from '../ir/node.js';
import { type Kernel, kernels } from './kernels/index.js';
import { Untraceable } from './untraceable.js';

export const BACKEND_NAME = 'roglab-trace';

interface Entry {
  references: number;
  readonly node?: Node;
  readonly values?: Values;
}

class TraceBackend extends tf.KernelBackend {
  graph: Graph = createGraph();
  private readonly entries = new WeakMap<object, Entry>();
  private foreign = new WeakMap<object, Node>();
  private count = 0;

  /** Starts an empty graph. */
  begin(): Graph {
    this.graph = createGraph();
    this.foreign = new WeakMap();
    return this.graph;
  }

  info(node: Node): tf.TensorInfo {
    const dataId = {};
    this.entries.set(dataId, { references: 1, node });
    this.count++;
    return { dataId, shape: [...node.shape], dtype: node.dtype as tf.DataType };
  }

  /** The node behind a tensor; a tensor from outside becomes a constant. */
  nodeOf({ dataId, shape, dtype }: tf.TensorInfo): Node {
    const own = this.entries.get(dataId)?.node;
    if (own?.graph === this.graph) return own;
    const known = this.foreign.get(dataId);
    if (known) return known;
    if (own && own.op !== 'const' && own.op !== 'splat')
      throw problem('compile', 'a tensor of another traced function is used here');
    const values = this.entries.get(dataId)?.values ?? (tf.engine().readSync(dataId) as Values);
    const made = constant(this.graph, values, shape, dtype as Dtype);
    this.foreign.set(dataId, made);
    return made;
  }

  override write(values: tf.BackendValues, shape: number[], dtype: tf.DataType): object {
    if (dtype === 'string' || dtype === 'complex64') throw new Untraceable(`a ${dtype} tensor`);
    const data = typed(values, dtype as Dtype);
    const dataId = {};
    this.entries.set(dataId, { references: 1, node: constant(this.graph, data, shape, dtype as Dtype), values: data });
    this.count++;
    return dataId;
  }

  override move(
    dataId: object,
    values: tf.BackendValues,
    shape: number[],
    dtype: tf.DataType,
    references: number,
  ): void {
    const data = typed(values, dtype as Dtype);
    const made = constant(this.graph, data, shape, dtype as Dtype);
    this.entries.set(dataId, { references, node: made, values: data });
    this.count++;
  }

  override readSync(dataId: object): tf.BackendValues {
    const values = this.entries.get(dataId)?.values;
    if (values) return values as Float32Array;
    throw new Untraceable('the function reads the value of a tensor that depends on its inputs', true);
  }

  override async read(dataId: object): Promise<tf.BackendValues> {
    return this.readSync(dataId);
  }

  override refCount(dataId: object): number {
    return this.entries.get(dataId)?.references ?? 0;
  }

  override incRef(dataId: object): void {
    const entry = this.entries.get(dataId);
    if (entry) entry.references++;
  }

  override disposeData(dataId: object, force = false): boolean {
    const entry = this.entries.get(dataId);
    if (!entry) return true;
    entry.references--;
    if (!force && entry.references > 0) return false;
    this.entries.delete(dataId);
    this.count--;
    return true;
  }

  override numDataIds(): number {
    return this.count;
  }

  override floatPrecision(): 32 {
    return 32;
  }

  override epsilon(): number {
    return 1e-7;
  }

  override memory(): { unreliable: boolean } {
    return { unreliable: true };
  }

  override dispose(): void {}
}

function typed(values: tf.BackendValues, dtype: Dtype): Values {
  const array = values as unknown as ArrayLike<number>;
  if (dtype === 'float32') return array instanceof Float32Array ? array : Float32Array.from(array);
  if (dtype === 'int32') return array instanceof Int32Array ? array : Int32Array.from(array);
  return array instanceof Uint8Array ? array : Uint8Array.from(array);
}

let backend: TraceBackend | undefined;

/** The recording backend, registered with tensorflow.js on first use. */
export function traceBackend(): TraceBackend {
  if (backend) return backend;
  const made = new TraceBackend();
  tf.registerBackend(BACKEND_NAME, () => made, 0);
  for (const [name, kernel] of Object.entries(kernels)) register(made, name, kernel);
  for (const name of allKernelNames()) if (!(name in kernels)) register(made, name, unknown(name));
  backend = made;
  return made;
}

function register(owner: TraceBackend, kernelName: string, kernel: Kernel): void {
  tf.registerKernel({
    kernelName,
    backendName: BACKEND_NAME,
    kernelFunc: ({ inputs, attrs }) => {
      const nodes = Object.fromEntries(
        Object.entries(inputs)
          .filter(([, info]) => info)
          .map(([name, info]) => [name, owner.nodeOf(info as tf.TensorInfo)]),
      );
      const result = kernel(nodes, attrs ?? {}, owner.graph);
      return Array.isArray(result) ? result.map((n) => owner.info(n)) : owner.info(result as Node);
    },
  });
}

/** Every kernel name that tensorflow.js exports: a constant whose name is (nearly) its value. */
const allKernelNames = (): string[] =>
  Object.entries(tf)
    .filter(([key, value]) => typeof value === 'string' && value.replace(/^_/, '') === key.replace(/^_/, ''))
    .map(([, value]) => value as unknown as string);

const unknown =
  (name: string): Kernel =>
  (inputs) => {
    const call = Object.entries(inputs).map(([key, { shape }]) => `${key}: ${show([...shape])}`);
    throw new Untraceable(`the operation ${name}(${call.join(', ')})`);
  };
