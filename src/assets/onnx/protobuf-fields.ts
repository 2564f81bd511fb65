import { problem } from '../../core/errors.js';
import { LIMITS } from '../limits.js';

/** One field of a protobuf message: its number, and its value by wire type. */
export interface Field {
  readonly number: number;
  /** Varint (0), fixed 64 (1) and fixed 32 (5) as whole numbers of 64 bits; length-delimited (2) as bytes. */
  readonly wire: number;
  readonly integer: number;
  readonly bytes: Uint8Array;
}

/** What a file is called in messages, and how many fields may still be read of it. */
export interface Source {
  readonly where: string;
  left: number;
}

/** A file as a source of so many fields. */
export const sourceOf = (where: string): Source => ({ where, left: LIMITS.protobufFields });

const EMPTY = new Uint8Array();

/**
 * The fields of a protobuf message in the order of the bytes; nothing inside them is read. Errors (starting with
 * `where`): a field that does not fit, wire types other than 0, 1, 2 and 5, more fields than the file may have. Source:
 * https://protobuf.dev/programming-guides/encoding
 */
export function* fieldsOf(bytes: Uint8Array, source: Source): Generator<Field> {
  const { varint, take, ended, broken } = cursor(bytes, source.where);
  const fixed = (length: 4 | 8): number => {
    const { buffer, byteOffset } = take(length);
    const view = new DataView(buffer, byteOffset, length);
    return length === 8 ? Number(view.getBigInt64(0, true)) : view.getUint32(0, true);
  };
  while (!ended()) {
    if (source.left-- <= 0) throw problem(source.where, `at most ${LIMITS.protobufFields} fields are read`);
    const key = varint();
    const [number, wire] = [Math.floor(key / 8), key % 8];
    if (number < 1) throw broken('a field has the number 0');
    if (wire === 0) yield { number, wire, integer: varint(), bytes: EMPTY };
    else if (wire === 1) yield { number, wire, integer: fixed(8), bytes: EMPTY };
    else if (wire === 2) yield { number, wire, integer: 0, bytes: take(varint()) };
    else if (wire === 5) yield { number, wire, integer: fixed(4), bytes: EMPTY };
    else throw broken(`a field of wire type ${wire}`);
  }
}

function cursor(bytes: Uint8Array, where: string) {
  let at = 0;
  const broken = (what: string): Error => problem(where, `the file is truncated or corrupt: ${what}`);
  return {
    broken,
    ended: () => at >= bytes.length,
    /** A whole number of 64 bits with its sign; beyond 2^53 the nearest double. */
    varint: (): number => {
      let [low, high] = [0, 0];
      for (let k = 0; k < 10; k++) {
        const byte = bytes[at++];
        if (byte === undefined) throw broken('a number ends early');
        if (k < 4) low += (byte & 127) * 128 ** k;
        else high += (byte & 127) * 128 ** (k - 4);
        if (byte < 128) return (((high + 2 ** 35) % 2 ** 36) - 2 ** 35) * 2 ** 28 + low;
      }
      throw broken('a number has more than ten bytes');
    },
    take: (length: number): Uint8Array => {
      if (length < 0 || at + length > bytes.length) throw broken(`a field of ${length} bytes does not fit`);
      at += length;
      return bytes.subarray(at - length, at);
    },
  };
}

/** Whole numbers of a repeated field, packed or one by one, as far as they are asked for. */
export function* integersOf({ wire, integer, bytes }: Field, where: string): Generator<number> {
  if (wire !== 2) return yield integer;
  const { varint, ended } = cursor(bytes, where);
  while (!ended()) yield varint();
}

/** 32-bit floats of a repeated field, packed or one by one, as far as they are asked for. */
export function* floatsOf({ wire, integer, bytes }: Field): Generator<number> {
  if (wire !== 2) return yield new Float32Array(Uint32Array.of(integer).buffer)[0]!;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  for (let at = 0; at + 4 <= bytes.length; at += 4) yield view.getFloat32(at, true);
}

export const textOf = ({ bytes }: Field): string => new TextDecoder().decode(bytes);
