import { problem } from '../../core/errors.js';
import type { PictureHead, Pixels } from './pixels.js';

interface Header extends PictureHead {
  readonly bits: number;
  readonly topDown: boolean;
  /** First byte of the pixels. */
  readonly start: number;
  readonly palette?: readonly (readonly [number, number, number])[];
  /** Bit masks of red, green and blue, for 16 and 32 bits. */
  readonly masks: readonly [number, number, number];
}

const WHERE = 'bmp';
const CORRUPT = 'the file is truncated or corrupt';
const MASKS: Readonly<Record<number, Header['masks']>> = {
  16: [0x7c00, 0x03e0, 0x001f],
  24: [0xff0000, 0xff00, 0xff],
  32: [0xff0000, 0xff00, 0xff],
};

/**
 * The header of a Windows bitmap: BITMAPCOREHEADER, BITMAPINFOHEADER and its later versions; 1, 4, 8, 16, 24 or 32
 * bits, not compressed. Source: Microsoft, "Bitmap Storage" and "BITMAPINFOHEADER structure".
 */
function header(bytes: Uint8Array): Header {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  if (bytes.length < 26) throw problem(WHERE, 'a bitmap has a header of 26 bytes at least', bytes.length, CORRUPT);
  const size = view.getUint32(14, true);
  const core = size === 12;
  if (!core && (size < 40 || 14 + size > bytes.length))
    throw problem(WHERE, 'the header must have 12 bytes, or 40 and more', size, CORRUPT);
  const width = core ? view.getUint16(18, true) : view.getInt32(18, true);
  const rows = core ? view.getUint16(20, true) : view.getInt32(22, true);
  const bits = view.getUint16(core ? 24 : 28, true);
  const compression = core ? 0 : view.getUint32(30, true);
  if (![1, 4, 8, 16, 24, 32].includes(bits)) throw problem(WHERE, 'a pixel has 1, 4, 8, 16, 24 or 32 bits', bits);
  const fields = (compression === 3 || compression === 6) && bits >= 16;
  if (compression !== 0 && !fields)
    throw problem(WHERE, 'only bitmaps without compression are read', compression, 'save it as PNG');
  const maskAt = 54;
  if (fields && bytes.length < maskAt + 12) throw problem(WHERE, 'the colour masks are missing', undefined, CORRUPT);
  const masks = fields
    ? ([0, 4, 8].map((at) => view.getUint32(maskAt + at, true)) as unknown as Header['masks'])
    : (MASKS[bits] ?? [0, 0, 0]);
  if (bits > 8 && !masks.every((mask) => mask > 0)) throw problem(WHERE, 'every colour needs a mask', masks, CORRUPT);
  const palette = bits <= 8 ? readPalette(bytes, view, core, size, bits) : undefined;
  const gray = palette?.every(([r, g, b]) => r === g && g === b) ?? false;
  const [height, channels] = [Math.abs(rows), gray ? 1 : 3] as const;
  const start = view.getUint32(10, true);
  return { height, width, channels, bits, masks, palette, start, topDown: rows < 0, deep: false };
}

function readPalette(bytes: Uint8Array, view: DataView, core: boolean, size: number, bits: number) {
  const announced = core ? 0 : view.getUint32(46, true);
  const count = Math.min(announced || 2 ** bits, 2 ** bits);
  const width = core ? 3 : 4;
  const start = 14 + size;
  if (start + count * width > bytes.length) throw problem(WHERE, 'the palette is cut short', undefined, CORRUPT);
  return Array.from({ length: count }, (_, i) => {
    const at = start + i * width;
    return [bytes[at + 2]!, bytes[at + 1]!, bytes[at]!] as const;
  });
}

/** Size and channels of a bitmap; errors as {@link decodeBmp}. */
export const bmpHead = (bytes: Uint8Array): PictureHead => header(bytes);

/**
 * Decodes a Windows bitmap; transparency is left out.
 * @throws another form, too many pixels, truncation, a colour that is none
 */
export function decodeBmp(bytes: Uint8Array): Pixels {
  const { height, width, bits, topDown, start, palette, masks } = header(bytes);
  const stride = Math.ceil((width * bits) / 32) * 4;
  if (start < 26 || start + stride * height > bytes.length)
    throw problem(WHERE, `the pixels need ${stride * height} bytes at ${start}`, `${bytes.length} bytes`, CORRUPT);
  const data = new Uint8Array(height * width * 3);
  const colour = palette ? indexed(bytes, bits, palette) : direct(bytes, bits, masks);
  for (let y = 0; y < height; y++) {
    const row = start + stride * (topDown ? y : height - 1 - y);
    for (let x = 0; x < width; x++) colour(row, x, data, (y * width + x) * 3);
  }
  return { height, width, data };
}

type Colour = (row: number, x: number, out: Uint8Array, at: number) => void;

function indexed(bytes: Uint8Array, bits: number, palette: NonNullable<Header['palette']>): Colour {
  const perByte = 8 / bits;
  return (row, x, out, at) => {
    const byte = bytes[row + Math.floor(x / perByte)]!;
    const index = (byte >> (8 - bits * ((x % perByte) + 1))) & (2 ** bits - 1);
    const colour = palette[index];
    if (!colour) throw problem(WHERE, `the palette has ${palette.length} colours`, index, CORRUPT);
    out.set(colour, at);
  };
}

function direct(bytes: Uint8Array, bits: number, masks: Header['masks']): Colour {
  const wide = bits / 8;
  const shifts = masks.map((mask) => 31 - Math.clz32(mask & -mask));
  const most = masks.map((mask, c) => mask >>> shifts[c]!);
  return (row, x, out, at) => {
    let pixel = 0;
    for (let k = wide - 1; k >= 0; k--) pixel = pixel * 256 + bytes[row + x * wide + k]!;
    for (let c = 0; c < 3; c++)
      out[at + c] = Math.round(((((pixel & masks[c]!) >>> 0) >>> shifts[c]!) / most[c]!) * 255);
  };
}
