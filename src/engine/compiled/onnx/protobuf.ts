/** Writes the protocol-buffers wire format: just the three field kinds that ONNX models use. */
import { breath } from '../../../core/breath.js';

/** Bytes in pieces; large tensors are never copied until the end. */
export interface Writer {
  readonly pieces: Uint8Array[];
  length: number;
}

export const writer = (): Writer => ({ pieces: [], length: 0 });

function push(w: Writer, bytes: Uint8Array): void {
  w.pieces.push(bytes);
  w.length += bytes.length;
}

function varint(value: number | bigint): number[] {
  let rest = BigInt.asUintN(64, BigInt(value));
  const bytes: number[] = [];
  while (rest > 127n) {
    bytes.push(Number(rest & 127n) | 128);
    rest >>= 7n;
  }
  bytes.push(Number(rest));
  return bytes;
}

const small = (value: number): number[] => (value >= 0 && value < 128 ? [value] : varint(value));

/** An integer (negative ones as 64-bit two's complement). */
export const int = (w: Writer, field: number, value: number): void =>
  push(w, Uint8Array.from([...small(field * 8), ...small(value)]));

/** A 32-bit float. */
export function float(w: Writer, field: number, value: number): void {
  push(w, Uint8Array.from(small(field * 8 + 5)));
  push(w, new Uint8Array(Float32Array.of(value).buffer));
}

/** Bytes, with their length before them. */
export function bytes(w: Writer, field: number, value: Uint8Array): void {
  push(w, Uint8Array.from([...small(field * 8 + 2), ...varint(value.length)]));
  push(w, value);
}

const encoder = new TextEncoder();
export const string = (w: Writer, field: number, value: string): void => bytes(w, field, encoder.encode(value));

export function message(w: Writer, field: number, fill: (inner: Writer) => void): void {
  const inner = writer();
  fill(inner);
  push(w, Uint8Array.from([...small(field * 8 + 2), ...varint(inner.length)]));
  for (const piece of inner.pieces) push(w, piece);
}

/** All pieces in one array. */
export async function finish(w: Writer): Promise<Uint8Array> {
  const result = new Uint8Array(w.length);
  let offset = 0;
  for (const piece of w.pieces) {
    const pause = breath();
    if (pause) await pause;
    result.set(piece, offset);
    offset += piece.length;
  }
  return result;
}
