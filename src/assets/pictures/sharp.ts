import sharp from 'sharp';
import { LIMITS } from '../limits.js';
import type { PictureHead, Pixels } from './pixels.js';

type Image = ReturnType<typeof sharp>;

const LIMITED = { limitInputPixels: LIMITS.picturePixels } as const;

/** Size as it is meant to be seen (EXIF orientation applied) and channels, without decoding. */
export async function codedHead(bytes: Uint8Array): Promise<PictureHead> {
  const { autoOrient, space, depth, format, hasAlpha } = await sharp(bytes, LIMITED).metadata();
  return {
    height: autoOrient.height,
    width: autoOrient.width,
    channels: space === 'b-w' || space === 'grey16' ? 1 : 3,
    deep: depth !== 'uchar' || space === 'cmyk' || (format === 'heif' && hasAlpha),
  };
}

/**
 * Decodes a JPEG, PNG, WebP, GIF, TIFF or AVIF (its first picture) to sRGB; transparency on white, EXIF orientation
 * applied. `size`: the centre square, resized to size x size (Lanczos 3). Errors of the decoder are passed on.
 */
export async function decodeCoded(bytes: Uint8Array, size?: number): Promise<Pixels> {
  const image = sharp(bytes, LIMITED).autoOrient().flatten({ background: '#fff' }).toColourspace('srgb');
  return raw(size ? square(image, size) : image);
}

/** The centre square, resized. */
export const squarePixels = ({ data, height, width }: Pixels, size: number): Promise<Pixels> =>
  raw(square(sharp(data, { raw: { width, height, channels: 3 } }), size));

const square = (image: Image, size: number): Image => image.resize(size, size, { fit: 'cover', position: 'centre' });

async function raw(image: Image): Promise<Pixels> {
  const { data, info } = await image.raw({ depth: 'uchar' }).toBuffer({ resolveWithObject: true });
  return { height: info.height, width: info.width, data };
}

export const encodePng = ({ data, height, width }: Pixels): Promise<Uint8Array> =>
  sharp(data, { raw: { width, height, channels: 3 } })
    .png()
    .toBuffer();
