import { sizeOf } from '../../core/arrays.js';
import { problem } from '../../core/errors.js';
import type { NamedArray } from '../../core/types.js';
import { halfToFloat } from '../half.js';
import { LIMITS } from '../limits.js';
import { type Field, fieldsOf, floatsOf, integersOf, type Source, sourceOf, textOf } from './protobuf-fields.js';

/** A constant; whether its numbers are whole ones by type decides how they divide. */
export interface OnnxTensor extends NamedArray {
  readonly whole: boolean;
  /** Of a stored tensor, or one made of it by layout alone: its names, that nearest to its use first. */
  readonly names?: readonly string[];
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
  /** The rule by which PyTorch's exporter made it of others, e.g. `FuseBatchNormIntoConv`. */
  readonly rule?: string;
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
const MOST_LISTED = 65_536;
/** Of nodes and operations, which are mentioned in messages. */
const LONGEST_NAME = 200;

/**
 * The graph of an ONNX file. Read as data: nothing is run. Errors (starting with `where`): no ONNX, truncation, graphs
 * inside nodes (If, Loop), constants of other types than float, double, half, bfloat16 and whole numbers, more than
 * 20,000 nodes, 1,024 inputs and outputs of one.
 * Source: https://github.com/onnx/onnx/blob/main/onnx/onnx.proto
 */
export function decodeOnnx(bytes: Uint8Array, where: string, external: External): OnnxGraph {
  const source = sourceOf(where);
  const graph = firstOf(bytes, source, 7, 2);
  if (!graph)
    throw problem(where, 'an ONNX file holds a graph', `${bytes.length} bytes`, 'is it another kind of file?');
  const nodes: OnnxNode[] = [];
  const constants = new Map<string, OnnxTensor>();
  const ports: Record<number, Port[]> = { 11: [], 12: [] };
  for (const field of fieldsOf(graph.bytes, source)) {
    if (field.number === 1) nodes.push(nodeOf(field.bytes, source, external));
    if (nodes.length > MOST_NODES) throw problem(where, `at most ${MOST_NODES} nodes are read`);
    if (field.number === 5) {
      const tensor = tensorOf(field.bytes, source, external);
      constants.set(tensor.name, tensor);
    }
    ports[field.number]?.push(portOf(field.bytes, source));
  }
  if (!nodes.length || !ports[12]!.length) throw problem(where, 'an ONNX file holds a graph with nodes and an output');
  return { nodes, constants, inputs: ports[11]!.filter(({ name }) => !constants.has(name)), outputs: ports[12]! };
}

/** The first field of this number and wire type; what follows it is not read. */
function firstOf(bytes: Uint8Array, source: Source, number: number, wire: number): Field | undefined {
  for (const field of fieldsOf(bytes, source)) if (field.number === number && field.wire === wire) return field;
  return undefined;
}

function nodeOf(bytes: Uint8Array, source: Source, external: External): OnnxNode {
  const inputs: string[] = [];
  const outputs: string[] = [];
  const held: Field[] = [];
  let [name, op, rule] = ['', '', ''];
  for (const field of fieldsOf(bytes, source)) {
    if (field.number === 1) inputs.push(textOf(field));
    else if (field.number === 2) outputs.push(textOf(field));
    else if (field.number === 3) name = textOf(field).slice(0, LONGEST_NAME);
    else if (field.number === 4) op = textOf(field).slice(0, LONGEST_NAME);
    else if (field.number === 5) held.push(field);
    else if (field.number === 9) rule ||= ruleOf(field.bytes, source);
    if (inputs.length + outputs.length > MOST_PORTS)
      throw problem(source.where, `a node may have at most ${MOST_PORTS} inputs and outputs`);
  }
  const attributes = Object.fromEntries(held.map((field) => attributeOf(field, source, op, external)));
  return { name, op, inputs, outputs, attributes, ...(rule && { rule }) };
}

const RULE = 'pkg.onnxscript.rewriter.rule_name';

/** Of an entry of a node's metadata the rule that it names, else nothing. */
function ruleOf(entry: Uint8Array, source: Source): string {
  const [key, value] = [1, 2].map((number) => firstOf(entry, source, number, 2));
  return value && key?.bytes.length === RULE.length && textOf(key) === RULE ? textOf(value).slice(0, LONGEST_NAME) : '';
}

function attributeOf(field: Field, source: Source, op: string, external: External): [string, Attribute] {
  const { where } = source;
  let name = '';
  let value: Attribute | undefined;
  const list: number[] = [];
  for (const part of fieldsOf(field.bytes, source)) {
    if (part.number === 1) name = textOf(part);
    else if (part.number === 2) [value] = floatsOf(part);
    else if (part.number === 3) [value] = integersOf(part, where);
    else if (part.number === 4) value = textOf(part);
    else if (part.number === 5) value = tensorOf(part.bytes, source, external);
    else if (part.number === 6 || part.number === 11)
      throw problem(
        where,
        `a node of kind ${op} holds a graph of its own`,
        undefined,
        'export a network without branches on data',
      );
    else if (part.number === 7 || part.number === 8)
      for (const one of part.number === 7 ? floatsOf(part) : integersOf(part, where)) {
        if (list.push(one) > MOST_LISTED) throw problem(where, `an attribute may list at most ${MOST_LISTED} numbers`);
      }
  }
  return [name, value ?? list];
}

function portOf(bytes: Uint8Array, source: Source): Port {
  let name = '';
  let shape: readonly number[] = [];
  for (const field of fieldsOf(bytes, source)) {
    if (field.number === 1) name = textOf(field);
    if (field.number === 2) shape = dimensions(field.bytes, source);
  }
  return { name, shape };
}

/** TypeProto -> tensor_type (1) -> shape (2) -> dim (1) -> dim_value (1). */
function dimensions(type: Uint8Array, source: Source): number[] {
  const tensor = firstOf(type, source, 1, 2);
  const shape = tensor && firstOf(tensor.bytes, source, 2, 2);
  const sizes: number[] = [];
  for (const { number, wire, bytes } of shape ? fieldsOf(shape.bytes, source) : [])
    if (number === 1 && wire === 2) sizes.push(firstOf(bytes, source, 1, 0)?.integer ?? Number.NaN);
  return sizes;
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

function tensorOf(bytes: Uint8Array, source: Source, external: External): OnnxTensor {
  const { where } = source;
  const shape: number[] = [];
  const listed: Field[] = [];
  const beside: Record<string, string> = {};
  let [name, type, raw, isExternal] = ['', 0, undefined as Uint8Array | undefined, false];
  for (const field of fieldsOf(bytes, source)) {
    if (field.number === 1) {
      if (shape.length + field.bytes.length > 10 * LIMITS.dimensions)
        throw problem(where, `a constant may have at most ${LIMITS.dimensions} dimensions`);
      shape.push(...integersOf(field, where));
    } else if (field.number === 2) type = field.integer;
    else if (field.number === 4 || field.number === 5 || field.number === 7) listed.push(field);
    else if (field.number === 8) name = textOf(field);
    else if (field.number === 9) raw = field.bytes;
    else if (field.number === 13) {
      const [key, value] = [...fieldsOf(field.bytes, source)].map(textOf);
      beside[key ?? ''] = value ?? '';
    } else if (field.number === 14) isExternal = field.integer === 1;
  }
  const count = sizeOf(shape);
  const kind = Object.hasOwn(TYPES, type) ? TYPES[type] : undefined;
  if (!kind) throw problem(where, `the constant ${name} must be of floats or whole numbers`, `ONNX type ${type}`);
  const [width, at] = kind;
  if (isExternal) raw = external(beside.location ?? '', Number(beside.offset ?? 0), count * width);
  const numbers = raw ? undefined : listedNumbers(listed, count, where);
  const given = numbers?.length ?? raw!.length / width;
  if (given !== count || shape.some((n) => n < 0)) {
    const fix = 'the file is corrupt';
    const got = given > count ? 'more' : given;
    throw problem(where, `the constant ${name} of shape [${shape}] needs ${count} numbers`, got, fix);
  }
  return { name, shape, data: numbers ?? rawNumbers(raw!, at, count), whole: WHOLE.has(type) };
}

function rawNumbers(raw: Uint8Array, at: Raw, length: number): Float32Array {
  const view = new DataView(raw.buffer, raw.byteOffset, raw.length);
  return Float32Array.from({ length }, (_, i) => at(view, i));
}

/** At most one number more than are wanted. */
function listedNumbers(fields: readonly Field[], wanted: number, where: string): Float32Array {
  const most = fields.reduce((sum, { wire, bytes }) => sum + (wire === 2 ? bytes.length : 1), 0);
  const data = new Float32Array(Math.max(0, Math.min(most, wanted + 1)));
  let count = 0;
  for (const field of fields)
    for (const one of field.number === 4 ? floatsOf(field) : integersOf(field, where)) {
      if (count < data.length) data[count++] = one;
      else return data;
    }
  return data.subarray(0, count);
}
