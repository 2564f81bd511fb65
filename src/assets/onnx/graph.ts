import { sizeOf } from '../../core/arrays.js';
import { problem } from '../../core/errors.js';
import type { NamedArray } from '../../core/types.js';
import { halfToFloat } from '../half.js';
import { LIMITS } from '../limits.js';
import { type Field, fieldsOf, floatsOf, integersOf, textOf } from './protobuf-fields.js';

/** A constant; whether its numbers are whole ones by type decides how they divide. */
export interface OnnxTensor extends NamedArray {
  readonly whole: boolean;
}

/** A value of an attribute: numbers, texts or a constant tensor. */
export type Attribute = number | string | readonly number[] | OnnxTensor;

/** One operation of a graph. */
export interface OnnxNode {
  readonly name: string;
  readonly op: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes: Readonly<Record<string, Attribute>>;
}

/** An input or output: its name and what is known of its shape; NaN: any size. */
export interface Port {
  readonly name: string;
  readonly shape: readonly number[];
}

/** A network as an ONNX file describes it; constants by name. */
export interface OnnxGraph {
  readonly nodes: readonly OnnxNode[];
  readonly constants: ReadonlyMap<string, OnnxTensor>;
  readonly inputs: readonly Port[];
  readonly outputs: readonly Port[];
}

/** Gives `length` bytes at `offset` of a file beside the ONNX file. */
export type External = (location: string, offset: number, length: number | undefined) => Uint8Array;

const MOST_NODES = 20_000;
const MOST_PORTS = 1024;
/** Of nodes and operations, which are mentioned in messages. */
const LONGEST_NAME = 200;

/**
 * The graph of an ONNX file. Read as data: nothing is run. Errors (starting with `where`): no ONNX, truncation, graphs
 * inside nodes (If, Loop), constants of other types than float, double, half, bfloat16 and whole numbers, more than
 * 20,000 nodes, 1,024 inputs and outputs of one.
 * Source: https://github.com/onnx/onnx/blob/main/onnx/onnx.proto
 */
export function decodeOnnx(bytes: Uint8Array, where: string, external: External): OnnxGraph {
  const graph = [...fieldsOf(bytes, where)].find(({ number, wire }) => number === 7 && wire === 2);
  if (!graph)
    throw problem(where, 'an ONNX file holds a graph', `${bytes.length} bytes`, 'is it another kind of file?');
  const nodes: OnnxNode[] = [];
  const constants = new Map<string, OnnxTensor>();
  const ports: Record<number, Port[]> = { 11: [], 12: [] };
  for (const field of fieldsOf(graph.bytes, where)) {
    if (field.number === 1) nodes.push(nodeOf(field.bytes, where, external));
    if (nodes.length > MOST_NODES) throw problem(where, `at most ${MOST_NODES} nodes are read`);
    if (field.number === 5) {
      const tensor = tensorOf(field.bytes, where, external);
      constants.set(tensor.name, tensor);
    }
    ports[field.number]?.push(portOf(field.bytes, where));
  }
  if (!nodes.length || !ports[12]!.length) throw problem(where, 'an ONNX file holds a graph with nodes and an output');
  return { nodes, constants, inputs: ports[11]!.filter(({ name }) => !constants.has(name)), outputs: ports[12]! };
}

function nodeOf(bytes: Uint8Array, where: string, external: External): OnnxNode {
  const fields = [...fieldsOf(bytes, where)];
  const texts = (number: number): string[] => fields.filter((field) => field.number === number).map(textOf);
  const [op = ''] = texts(4);
  const ports = fields.filter(({ number }) => number === 1 || number === 2).length;
  if (ports > MOST_PORTS) throw problem(where, `a node may have at most ${MOST_PORTS} inputs and outputs`, ports);
  const attributes = fields
    .filter(({ number }) => number === 5)
    .map((field) => attributeOf(field, where, op, external));
  return {
    name: (texts(3)[0] ?? '').slice(0, LONGEST_NAME),
    op: op.slice(0, LONGEST_NAME),
    inputs: texts(1),
    outputs: texts(2),
    attributes: Object.fromEntries(attributes),
  };
}

function attributeOf(field: Field, where: string, op: string, external: External): [string, Attribute] {
  let name = '';
  let value: Attribute | undefined;
  const list: number[] = [];
  for (const part of fieldsOf(field.bytes, where)) {
    if (part.number === 1) name = textOf(part);
    else if (part.number === 2) value = floatsOf(part)[0]!;
    else if (part.number === 3) value = integersOf(part, where)[0]!;
    else if (part.number === 4) value = textOf(part);
    else if (part.number === 5) value = tensorOf(part.bytes, where, external);
    else if (part.number === 6 || part.number === 11)
      throw problem(
        where,
        `a node of kind ${op} holds a graph of its own`,
        undefined,
        'export a network without branches on data',
      );
    else if (part.number === 7) for (const one of floatsOf(part)) list.push(one);
    else if (part.number === 8) for (const one of integersOf(part, where)) list.push(one);
  }
  return [name, value ?? list];
}

function portOf(bytes: Uint8Array, where: string): Port {
  let name = '';
  let shape: readonly number[] = [];
  for (const field of fieldsOf(bytes, where)) {
    if (field.number === 1) name = textOf(field);
    if (field.number === 2) shape = dimensions(field.bytes, where);
  }
  return { name, shape };
}

/** TypeProto -> tensor_type (1) -> shape (2) -> dim (1) -> dim_value (1). */
function dimensions(type: Uint8Array, where: string): number[] {
  const inside = (of: Uint8Array, number: number): Uint8Array[] =>
    [...fieldsOf(of, where)].filter((field) => field.number === number && field.wire === 2).map((field) => field.bytes);
  const [tensor] = inside(type, 1);
  const [shape] = tensor ? inside(tensor, 2) : [];
  return (shape ? inside(shape, 1) : []).map((dim) => {
    const value = [...fieldsOf(dim, where)].find(({ number, wire }) => number === 1 && wire === 0);
    return value ? Number(value.integer) : Number.NaN;
  });
}

type Raw = (view: DataView, i: number) => number;

/** ONNX's number of an element type, its bytes, and how one entry is read. */
const TYPES: Readonly<Record<number, readonly [bytes: number, at: Raw]>> = {
  1: [4, (view, i) => view.getFloat32(4 * i, true)],
  2: [1, (view, i) => view.getUint8(i)],
  3: [1, (view, i) => view.getInt8(i)],
  6: [4, (view, i) => view.getInt32(4 * i, true)],
  7: [8, (view, i) => Number(view.getBigInt64(8 * i, true))],
  9: [1, (view, i) => view.getUint8(i)],
  10: [2, (view, i) => halfToFloat(view.getUint16(2 * i, true))],
  11: [8, (view, i) => view.getFloat64(8 * i, true)],
  16: [2, (view, i) => new Float32Array(Uint32Array.of(view.getUint16(2 * i, true) << 16).buffer)[0]!],
};

const WHOLE = new Set([2, 3, 6, 7, 9]);

function tensorOf(bytes: Uint8Array, where: string, external: External): OnnxTensor {
  const shape: number[] = [];
  const numbers: number[] = [];
  const beside: Record<string, string> = {};
  let [name, type, raw, isExternal] = ['', 0, undefined as Uint8Array | undefined, false];
  for (const field of fieldsOf(bytes, where)) {
    if (field.number === 1) {
      if (shape.length + field.bytes.length > 10 * LIMITS.dimensions)
        throw problem(where, `a constant may have at most ${LIMITS.dimensions} dimensions`);
      shape.push(...integersOf(field, where));
    } else if (field.number === 2) type = Number(field.integer);
    else if (field.number === 4) for (const one of floatsOf(field)) numbers.push(one);
    else if (field.number === 5 || field.number === 7) for (const one of integersOf(field, where)) numbers.push(one);
    else if (field.number === 8) name = textOf(field);
    else if (field.number === 9) raw = field.bytes;
    else if (field.number === 13) {
      const [key, value] = [...fieldsOf(field.bytes, where)].map(textOf);
      beside[key ?? ''] = value ?? '';
    } else if (field.number === 14) isExternal = field.integer === 1n;
  }
  const count = sizeOf(shape);
  const kind = Object.hasOwn(TYPES, type) ? TYPES[type] : undefined;
  if (!kind) throw problem(where, `the constant ${name} must be of floats or whole numbers`, `ONNX type ${type}`);
  const [width, at] = kind;
  if (isExternal) raw = external(beside.location ?? '', Number(beside.offset ?? 0), count * width);
  const given = raw ? raw.length / width : numbers.length;
  if (given !== count) {
    const fix = 'the file is corrupt';
    throw problem(where, `the constant ${name} of shape [${shape}] needs ${count} numbers`, given, fix);
  }
  const view = raw && new DataView(raw.buffer, raw.byteOffset, raw.length);
  const data = Float32Array.from({ length: count }, (_, i) => (view ? at(view, i) : numbers[i]!));
  return { name, shape, data, whole: WHOLE.has(type) };
}
