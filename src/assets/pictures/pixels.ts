import { problem } from '../../core/errors.js';
import { LIMITS } from '../limits.js';

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
}

/** Refuses a picture without pixels or with too many, by its header alone. */
export function checkPixels<T extends { readonly height: number; readonly width: number }>(where: string, head: T): T {
  const { height, width } = head;
  if (!(height >= 1 && width >= 1)) throw problem(where, 'a picture has at least one pixel', `${width}x${height}`);
  if (height * width > LIMITS.picturePixels) {
    const fix = 'make it smaller first';
    throw problem(where, `a picture may have at most ${LIMITS.picturePixels} pixels`, `${width}x${height}`, fix);
  }
  return head;
}
