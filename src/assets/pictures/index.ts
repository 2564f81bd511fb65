import { problem } from '../../core/errors.js';
import { LIMITS } from '../limits.js';
import { readBounded } from '../read-bounded.js';
import { bmpHead, decodeBmp } from './bmp.js';
import { checkParts } from './frame-count.js';
import { otherKind, PICTURE_NAMES, pictureKind } from './kind.js';
import { decodeNetpbm, netpbmHead } from './netpbm.js';
import { checkPixels, type PictureHead, type Pixels } from './pixels.js';
import { codedHead, decodeCoded, squarePixels } from './sharp.js';

export { isPictureName, PICTURE_NAMES } from './kind.js';
export type { PictureHead, Pixels } from './pixels.js';
export { encodePng } from './sharp.js';

interface Decoder {
  readonly head: (bytes: Uint8Array) => PictureHead | Promise<PictureHead>;
  readonly pixels: (bytes: Uint8Array, size?: number) => Promise<Pixels>;
}

/** A decoder of whole pictures, with the resizing that the others do by themselves. */
const plain = (head: Decoder['head'], decode: (bytes: Uint8Array) => Pixels): Decoder => ({
  head,
  pixels: async (bytes, size) => (size ? squarePixels(decode(bytes), size) : decode(bytes)),
});

const CODED: Decoder = { head: codedHead, pixels: decodeCoded };
const DECODERS: Readonly<Record<string, Decoder>> = {
  bmp: plain(bmpHead, decodeBmp),
  netpbm: plain(netpbmHead, decodeNetpbm),
};

/** By what the bytes are, not by what their file is called. */
async function opened(bytes: Uint8Array): Promise<PictureHead & { pixels: Decoder['pixels']; share: number }> {
  const kind = pictureKind(bytes);
  if (!kind) throw problem('picture', `it must be one of ${PICTURE_NAMES.join(', ')}`, otherKind(bytes));
  const { head: read, pixels } = DECODERS[kind] ?? CODED;
  checkParts(kind, bytes);
  const head = await read(bytes);
  return { ...head, pixels, share: checkPixels(kind, head) };
}

/**
 * Height, width and channels of a picture's file as it is seen, without decoding it, and the share that this takes of
 * the memory for pictures. Errors as {@link decodeImage}.
 */
export async function imageHead(bytes: Uint8Array): Promise<PictureHead & { readonly share: number }> {
  const { height, width, channels, deep, share } = await opened(bytes);
  return { height, width, channels, deep, share };
}

/**
 * Decodes a picture to 8-bit sRGB; transparency on white, EXIF orientation applied. `size`: its centre square, resized
 * to size x size (Lanczos 3). What it is is read from its bytes: JPEG, PNG, WebP, GIF, TIFF, AVIF, BMP, PBM, PGM or
 * PPM.
 * @throws anything else, a side or pixels beyond {@link LIMITS}, truncation; those of the decoder are passed on
 */
export async function decodeImage(bytes: Uint8Array, size?: number): Promise<Pixels> {
  const { pixels } = await opened(bytes);
  return pixels(bytes, size);
}

/** The bytes of a picture's file. @throws no regular file, more than 64 MB */
export const readPicture = (file: string): Uint8Array => readBounded('picture', file, LIMITS.pictureBytes);
