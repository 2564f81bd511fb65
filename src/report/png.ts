import { deflateSync } from 'node:zlib';

/** An 8-bit picture, row-major: RGB, or RGBA where `channels` is 4. */
export interface Raster {
  readonly width: number;
  readonly height: number;
  /** `channels` bytes per pixel. */
  readonly data: Uint8Array;
  /** Default 3. */
  readonly channels?: 3 | 4;
}

/** The colour type of PNG by the number of channels. */
const COLOUR_TYPES = { 3: 2, 4: 6 } as const;

const signature = Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a);
const table = Int32Array.from({ length: 256 }, (_, n) => {
  let c = n;
  for (let k = 0; k < 8; k++) c = c & 1 ? 0xedb88320 ^ (c >>> 1) : c >>> 1;
  return c;
});

/**
 * The bytes of a PNG file (8-bit RGB or RGBA, no interlace). Synchronous, because a live view encodes inside an
 * attack's callback. Rows equal to the row above are stored as differences: enlarged pixels cost almost nothing.
 * @see PNG specification, third edition, sections 5, 9 and 11
 */
export function encodePng({ width, height, data, channels = 3 }: Raster): Uint8Array {
  const stride = width * channels;
  const lines = Buffer.alloc((stride + 1) * height);
  for (let y = 0; y < height; y++) {
    const row = data.subarray(y * stride, (y + 1) * stride);
    const same = y > 0 && Buffer.compare(row, data.subarray((y - 1) * stride, y * stride)) === 0;
    const start = y * (stride + 1);
    if (same) lines[start] = 2;
    else lines.set(row, start + 1);
  }
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([8, COLOUR_TYPES[channels], 0, 0, 0], 8);
  return Buffer.concat([
    signature,
    chunk('IHDR', header),
    chunk('IDAT', deflateSync(lines)),
    chunk('IEND', Buffer.alloc(0)),
  ]);
}

function chunk(type: string, body: Buffer): Buffer {
  const out = Buffer.alloc(body.length + 12);
  out.writeUInt32BE(body.length, 0);
  out.write(type, 4, 'latin1');
  body.copy(out, 8);
  out.writeInt32BE(crc(out.subarray(4, body.length + 8)), body.length + 8);
  return out;
}

function crc(bytes: Uint8Array): number {
  let c = -1;
  for (const byte of bytes) c = table[(c ^ byte) & 255]! ^ (c >>> 8);
  return ~c;
}
