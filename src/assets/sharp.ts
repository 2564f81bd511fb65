import sharp from 'sharp';

/** 8-bit pixels, row-major [height, width, 3]. */
export interface Pixels {
  readonly height: number;
  readonly width: number;
  readonly data: Uint8Array;
}

/** Height and width of an image file as it is meant to be seen (EXIF orientation applied), without decoding it. */
export async function imageSize(file: string): Promise<{ height: number; width: number }> {
  const { autoOrient } = await sharp(file).metadata();
  return autoOrient;
}

/**
 * Decodes an image (JPEG, PNG, WebP, GIF, TIFF, AVIF) to sRGB; transparency on white, EXIF orientation applied.
 * `size`: the centre square, resized to size x size (Lanczos 3). Errors of the decoder are passed on.
 */
export async function decodeImage(input: string | Uint8Array, size?: number): Promise<Pixels> {
  const image = sharp(input).autoOrient().flatten({ background: '#fff' }).toColourspace('srgb');
  const square = size ? image.resize(size, size, { fit: 'cover', position: 'centre' }) : image;
  const { data, info } = await square.raw({ depth: 'uchar' }).toBuffer({ resolveWithObject: true });
  return { height: info.height, width: info.width, data };
}

/** The pixels as a PNG file. */
export const encodePng = ({ data, height, width }: Pixels): Promise<Uint8Array> =>
  sharp(data, { raw: { width, height, channels: 3 } })
    .png()
    .toBuffer();
