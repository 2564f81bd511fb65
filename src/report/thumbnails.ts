import type { NdArray } from '../core/types.js';
import { encodeJpeg, isPhotographs } from './photographs.js';
import { encodePng } from './png.js';

const MOST = 8;
const SIDE = 96;
/** A grey between the pictures that is quiet on a light and on a dark page. */
const GAP = 128;

/**
 * The first images of a batch in one row as an HTML picture 96 pixels high. Sent in their own resolution (thinned out
 * above 96 pixels) and enlarged by the browser, photographs as JPEG: a few kB.
 */
export function thumbnails(images: NdArray): string {
  const { shape, data } = images;
  const [count, height, width, channels] = shape as [number, number, number, number];
  const shown = Math.min(count, MOST);
  const step = Math.max(1, Math.ceil(height / SIDE));
  if (isPhotographs(images)) {
    const each = Array.from({ length: shown }, (_, k) =>
      img('jpeg', encodeJpeg(images, k, step), Math.round((SIDE * width) / height), ';margin-right:1px'),
    );
    return each.join('');
  }
  const [rows, columns] = [Math.ceil(height / step), Math.ceil(width / step)];
  const pitch = columns + 1;
  const raster = {
    width: shown * pitch - 1,
    height: rows,
    data: new Uint8Array((shown * pitch - 1) * rows * 3).fill(GAP),
  };
  for (let k = 0; k < shown; k++)
    for (let y = 0; y < rows; y++)
      for (let x = 0; x < columns; x++)
        for (let c = 0; c < 3; c++) {
          const from = ((k * height + y * step) * width + x * step) * channels + (channels === 3 ? c : 0);
          const value = Math.round(Math.min(1, Math.max(0, data[from]!)) * 255);
          raster.data[(y * raster.width + k * pitch + x) * 3 + c] = value;
        }
  const zoom = SIDE / rows;
  return img('png', encodePng(raster), Math.round(raster.width * zoom), ';image-rendering:pixelated');
}

const img = (kind: string, bytes: Uint8Array, width: number, style: string): string =>
  `<img alt="current pictures" width="${width}" height="${SIDE}" ` +
  `style="display:inline-block;vertical-align:top;margin:0${style}" ` +
  `src="data:image/${kind};base64,${Buffer.from(bytes).toString('base64')}">`;
