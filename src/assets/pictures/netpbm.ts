import { problem } from '../../core/errors.js';
import type { PictureHead, Pixels } from './pixels.js';

interface Header extends PictureHead {
  /** 1 to 6: bitmap, graymap, pixmap as text; the same in binary. */
  readonly form: number;
  /** The brightest value. */
  readonly most: number;
  /** First byte after the header. */
  readonly start: number;
}

const WHERE = 'netpbm';
const CORRUPT = 'the file is truncated or corrupt';
/** Numbers and comments of a header take no more. */
const HEAD_BYTES = 4096;
const isSpace = (byte: number): boolean => byte === 32 || (byte >= 9 && byte <= 13);

/** Reads the next whole number from `at`, over white space and comments; its value and the byte after it. */
function nextNumber(bytes: Uint8Array, from: number, end: number): [value: number, next: number] {
  let at = from;
  while (at < end && (isSpace(bytes[at]!) || bytes[at] === 0x23))
    if (bytes[at] === 0x23) while (at < end && bytes[at] !== 10 && bytes[at] !== 13) at++;
    else at++;
  const start = at;
  let value = 0;
  while (at < end && at - start < 10 && bytes[at]! >= 48 && bytes[at]! <= 57) value = value * 10 + bytes[at++]! - 48;
  if (at === start) throw problem(WHERE, `a whole number must stand at byte ${at}`, undefined, CORRUPT);
  return [value, at];
}

/** The header of a PBM, PGM or PPM file, as text (P1 to P3) or binary (P4 to P6). Source: the netpbm format pages. */
function header(bytes: Uint8Array): Header {
  const form = bytes[1]! - 48;
  const end = Math.min(bytes.length, HEAD_BYTES);
  const [width, afterWidth] = nextNumber(bytes, 2, end);
  const [height, afterHeight] = nextNumber(bytes, afterWidth, end);
  const bitmap = form % 3 === 1;
  const [most, afterMost] = bitmap ? [1, afterHeight] : nextNumber(bytes, afterHeight, end);
  if (most < 1 || most > 65_535) throw problem(WHERE, 'the largest value must be from 1 to 65535', most, CORRUPT);
  return { form, height, width, most, start: afterMost + 1, channels: form % 3 === 0 ? 3 : 1, deep: most > 255 };
}

/** Size and channels; errors as {@link decodeNetpbm}. */
export const netpbmHead = (bytes: Uint8Array): PictureHead => header(bytes);

/**
 * Decodes the first picture of a PBM, PGM or PPM file.
 * @throws too many pixels, truncation, a value beyond the largest
 */
export function decodeNetpbm(bytes: Uint8Array): Pixels {
  const head = header(bytes);
  const { height, width, most, channels, form } = head;
  const values = form > 3 ? binary(bytes, head) : text(bytes, head);
  const data = new Uint8Array(height * width * 3);
  const bitmap = form % 3 === 1;
  const levels = Uint8Array.from({ length: most + 1 }, (_, k) => Math.round(((bitmap ? 1 - k : k) / most) * 255));
  for (let i = 0, at = 0; i < values.length; i++) {
    const level = levels[values[i]!];
    if (level === undefined) throw problem(WHERE, `values are 0 to ${most}`, values[i], CORRUPT);
    for (const end = at + 3 / channels; at < end; at++) data[at] = level;
  }
  return { height, width, data };
}

function need(bytes: Uint8Array, start: number, count: number): void {
  if (start + count > bytes.length)
    throw problem(WHERE, `the pixels need ${count} bytes at ${start}`, `${bytes.length} bytes`, CORRUPT);
}

function binary(bytes: Uint8Array, { form, height, width, most, channels, start }: Header): Uint8Array | Uint16Array {
  const count = height * width * channels;
  if (form === 4) {
    const stride = Math.ceil(width / 8);
    need(bytes, start, stride * height);
    const bits = new Uint8Array(count);
    for (let y = 0, i = 0; y < height; y++)
      for (let x = 0; x < width; x++, i++) bits[i] = (bytes[start + y * stride + (x >> 3)]! >> (7 - (x & 7))) & 1;
    return bits;
  }
  need(bytes, start, most > 255 ? 2 * count : count);
  if (most <= 255) return bytes.subarray(start, start + count);
  const values = new Uint16Array(count);
  for (let i = 0; i < count; i++) values[i] = bytes[start + 2 * i]! * 256 + bytes[start + 2 * i + 1]!;
  return values;
}

/** P1 may leave out the white space between its digits. */
function text(bytes: Uint8Array, { form, height, width, channels, start }: Header): Uint32Array {
  const values = new Uint32Array(height * width * channels);
  need(bytes, start - 1, values.length);
  for (let i = 0, at = start - 1; i < values.length; i++) {
    if (form === 1) while (isSpace(bytes[at]!)) at++;
    [values[i], at] = form === 1 ? digit(bytes, at) : nextNumber(bytes, at, bytes.length);
  }
  return values;
}

function digit(bytes: Uint8Array, at: number): [value: number, next: number] {
  if (bytes[at] !== 48 && bytes[at] !== 49) throw problem(WHERE, `0 or 1 must stand at byte ${at}`, undefined, CORRUPT);
  return [bytes[at] - 48, at + 1];
}
