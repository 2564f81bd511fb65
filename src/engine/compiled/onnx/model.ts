/** The five ONNX messages a static graph needs (onnx.proto3; the numbers are its field numbers). */
import type { Dtype, Values } from '../ir/node.js';
import { bytes, finish, float, int, message, string, type Writer, writer } from './protobuf.js';

/** ONNX's element types; int64 appears in shapes and axes only. */
export const elementTypes = { float32: 1, int32: 6, int64: 7, bool: 9, float64: 11 } as const;
export type ElementType = keyof typeof elementTypes;
export type OnnxAttributes = Readonly<Record<string, number | string | readonly number[] | { readonly float: number }>>;

export interface OnnxNode {
  readonly type: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes: OnnxAttributes;
}
export interface Initializer {
  readonly name: string;
  readonly type: ElementType;
  readonly shape: readonly number[];
  readonly data: Values | BigInt64Array;
}
export interface Port {
  readonly name: string;
  readonly type: Dtype;
  readonly shape: readonly number[];
}
export interface OnnxGraph {
  readonly nodes: readonly OnnxNode[];
  readonly initializers: readonly Initializer[];
  readonly inputs: readonly Port[];
  readonly outputs: readonly Port[];
}

const OPSET = 18;
const IR_VERSION = 8;

/** The bytes of a model file. */
export function encodeModel({ nodes, initializers, inputs, outputs }: OnnxGraph): Promise<Uint8Array> {
  const w = writer();
  int(w, 1, IR_VERSION);
  string(w, 2, 'roglab');
  message(w, 7, (graph) => {
    for (const node of nodes) message(graph, 1, (m) => encodeNode(m, node));
    string(graph, 2, 'step');
    for (const tensor of initializers) message(graph, 5, (m) => encodeTensor(m, tensor));
    for (const port of inputs) message(graph, 11, (m) => encodePort(m, port));
    for (const port of outputs) message(graph, 12, (m) => encodePort(m, port));
  });
  message(w, 8, (imports) => {
    string(imports, 1, '');
    int(imports, 2, OPSET);
  });
  return finish(w);
}

function encodeNode(w: Writer, { type, inputs, outputs, attributes }: OnnxNode): void {
  for (const name of inputs) string(w, 1, name);
  for (const name of outputs) string(w, 2, name);
  string(w, 3, outputs[0]!);
  string(w, 4, type);
  for (const [name, value] of Object.entries(attributes)) message(w, 5, (m) => encodeAttribute(m, name, value));
}

function encodeAttribute(w: Writer, name: string, value: OnnxAttributes[string]): void {
  const kind = { float: 1, int: 2, string: 3, ints: 7 };
  string(w, 1, name);
  if (typeof value === 'number') {
    int(w, 3, value);
    int(w, 20, kind.int);
  } else if (typeof value === 'string') {
    string(w, 4, value);
    int(w, 20, kind.string);
  } else if ('float' in value) {
    float(w, 2, value.float);
    int(w, 20, kind.float);
  } else {
    for (const entry of value) int(w, 8, entry);
    int(w, 20, kind.ints);
  }
}

function encodeTensor(w: Writer, { name, type, shape, data }: Initializer): void {
  for (const n of shape) int(w, 1, n);
  int(w, 2, elementTypes[type]);
  string(w, 8, name);
  bytes(w, 9, new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
}

function encodePort(w: Writer, { name, type, shape }: Port): void {
  string(w, 1, name);
  message(w, 2, (typeMessage) =>
    message(typeMessage, 1, (tensor) => {
      int(tensor, 1, elementTypes[type]);
      message(tensor, 2, (dims) => {
        for (const n of shape) message(dims, 1, (dim) => int(dim, 1, n));
      });
    }),
  );
}
