import { problem } from '../../core/errors.js';
import { LIMITS } from '../limits.js';
import type { PictureKind } from './kind.js';

type Count = (bytes: Uint8Array) => number;

/** Occurrences of a marker: at least as many as there are parts. */
const markers =
  (marker: Buffer): Count =>
  (bytes) => {
    const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
    let count = 0;
    for (let at = buffer.indexOf(marker); at >= 0; at = buffer.indexOf(marker, at + marker.length)) count++;
    return count;
  };

/** Pages of a TIFF, up to one more than are allowed: its directories are a chain. */
function pages(bytes: Uint8Array): number {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const little = bytes[0] === 0x49;
  const [head, wide, entry] = view.getUint16(2, little) === 43 ? [8, 8, 20] : [4, 2, 12];
  const number = (at: number, size: number): number => {
    if (at + size > bytes.length) return 0;
    if (size === 8) return Number(view.getBigUint64(at, little));
    return size === 4 ? view.getUint32(at, little) : view.getUint16(at, little);
  };
  let [at, count] = [number(head, head), 0];
  for (; at > 0 && count <= LIMITS.pages; count++) at = number(at + wide + entry * number(at, wide), head);
  return count;
}

/** What decoders walk through whole though the first picture is all that is read; bytes of those slow by the byte. */
const PARTS: Partial<Record<PictureKind, readonly [what: string, most: number, count: Count]>> = {
  jpeg: ['scans', LIMITS.jpegScans, markers(Buffer.of(0xff, 0xda))],
  tiff: ['pages', LIMITS.pages, pages],
  webp: ['frames', LIMITS.pages, markers(Buffer.from('ANMF'))],
  gif: ['bytes', LIMITS.gifBytes, ({ length }) => length],
  avif: ['bytes', LIMITS.avifBytes, ({ length }) => length],
};

/** @throws a picture of more parts than its first can need */
export function checkParts(kind: PictureKind, bytes: Uint8Array): void {
  const [what, most, count] = PARTS[kind] ?? ['', 1, () => 0];
  const found = count(bytes);
  const fix = 'save its first picture alone, or with fewer bytes';
  if (found > most) throw problem('picture', `a ${kind.toUpperCase()} may have at most ${most} ${what}`, found, fix);
}
