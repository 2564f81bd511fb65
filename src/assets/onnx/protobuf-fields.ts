import { problem } from '../../core/errors.js';

/** One field of a protobuf message: its number, and its value by wire type. */
export interface Field {
  readonly number: number;
  /** Varint (0), fixed 64 (1) and fixed 32 (5) as they are; length-delimited (2) as bytes. */
  readonly wire: number;
  readonly integer: bigint;
  readonly bytes: Uint8Array;
}

const EMPTY = new Uint8Array();

/**
 * The fields of a protobuf message in the order of the bytes; nothing inside them is read. Errors (starting with
 * `where`): a field that does not fit, wire types other than 0, 1, 2 and 5. Source:
 * https://protobuf.dev/programming-guides/encoding
 */
export function* fieldsOf(bytes: Uint8Array, where: string): Generator<Field> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  let at = 0;
  const broken = (what: string): Error => problem(where, `the file is truncated or corrupt: ${what}`);
  const varint = (): bigint => {
    let value = 0n;
    for (let shift = 0n; shift < 70n; shift += 7n) {
      const byte = bytes[at++];
      if (byte === undefined) throw broken('a number ends early');
      value |= BigInt(byte & 127) << shift;
      if (byte < 128) return value;
    }
    throw broken('a number has more than ten bytes');
  };
  const take = (length: number): Uint8Array => {
    if (at + length > bytes.length) throw broken(`a field of ${length} bytes does not fit`);
    at += length;
    return bytes.subarray(at - length, at);
  };
  const fixed = (length: 4 | 8): bigint => {
    take(length);
    return length === 8 ? view.getBigUint64(at - 8, true) : BigInt(view.getUint32(at - 4, true));
  };
  while (at < bytes.length) {
    const key = Number(varint());
    const [number, wire] = [Math.floor(key / 8), key % 8];
    if (number < 1) throw broken('a field has the number 0');
    if (wire === 0) yield { number, wire, integer: varint(), bytes: EMPTY };
    else if (wire === 1) yield { number, wire, integer: fixed(8), bytes: EMPTY };
    else if (wire === 2) yield { number, wire, integer: 0n, bytes: take(Number(varint())) };
    else if (wire === 5) yield { number, wire, integer: fixed(4), bytes: EMPTY };
    else throw broken(`a field of wire type ${wire}`);
  }
}

/** Whole numbers of a repeated field, packed or one by one. */
export function integersOf({ wire, integer, bytes }: Field, where: string): number[] {
  if (wire !== 2) return [Number(BigInt.asIntN(64, integer))];
  const numbers: number[] = [];
  let [value, shift] = [0n, 0n];
  for (const byte of bytes) {
    value |= BigInt(byte & 127) << shift;
    shift += 7n;
    if (shift > 70n) throw problem(where, 'the file is truncated or corrupt: a number has more than ten bytes');
    if (byte >= 128) continue;
    numbers.push(Number(BigInt.asIntN(64, value)));
    [value, shift] = [0n, 0n];
  }
  if (shift > 0n) throw problem(where, 'the file is truncated or corrupt: a number ends early');
  return numbers;
}

/** 32-bit floats of a repeated field, packed or one by one. */
export function floatsOf({ wire, integer, bytes }: Field): number[] {
  if (wire !== 2) return [new Float32Array(Uint32Array.of(Number(integer)).buffer)[0]!];
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  return Array.from({ length: Math.floor(bytes.length / 4) }, (_, i) => view.getFloat32(4 * i, true));
}

export const textOf = ({ bytes }: Field): string => new TextDecoder().decode(bytes);
