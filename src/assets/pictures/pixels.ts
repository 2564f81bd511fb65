import { problem } from '../../core/errors.js';
import { LIMITS } from '../limits.js';
import type { PictureKind } from './kind.js';

const WHERE = 'picture';

/** 8-bit pixels, row-major [height, width, 3]. */
export interface Pixels {
  readonly height: number;
  readonly width: number;
  readonly data: Uint8Array;
}

/** What a picture's header says. */
export interface PictureHead {
  readonly height: number;
  readonly width: number;
  /** 1 for a picture without colours by its format. */
  readonly channels: 1 | 3;
  /** Over 8 bits a channel, four inks, an AVIF with transparency: its decoder holds more. */
  readonly deep: boolean;
}

/** Most pixels, and most of a deep picture, by kind. */
const PIXELS: Readonly<Record<string, readonly [plain: number, deep: number]>> = {
  avif: [LIMITS.avifPixels, LIMITS.deepAvifPixels],
};

/**
 * Refuses a picture without pixels or with too many, by its header alone.
 * @returns the share that decoding it takes of the memory for pictures
 */
export function checkPixels(kind: PictureKind, { height, width, deep }: PictureHead): number {
  const got = `${width}x${height}`;
  if (!(height >= 1 && width >= 1)) throw problem(WHERE, 'a picture has at least one pixel', got);
  const own = PIXELS[kind];
  const most = (own ?? [LIMITS.picturePixels, LIMITS.deepPixels])[deep ? 1 : 0];
  const what = [
    ...(own ? [`(${kind.toUpperCase()})`] : []),
    ...(deep ? ['with more than 8 bits of three colours'] : []),
  ];
  const fix = what.length > 0 ? 'make it smaller first, or save it as JPEG' : 'make it smaller first';
  if (height * width > most)
    throw problem(WHERE, ['a picture', ...what, `may have at most ${most} pixels`].join(' '), got, fix);
  if (Math.max(height, width) > LIMITS.pictureSide)
    throw problem(WHERE, `a side of a picture may have at most ${LIMITS.pictureSide} pixels`, got, fix);
  return (height * width) / most;
}
