import { checkImages } from '../core/arrays.js';
import { problem } from '../core/errors.js';
import { checkOptions, integer } from '../core/options.js';
import type { NdArray } from '../core/types.js';
import { display } from './display.js';
import { blank, DENSITY, drawGrid, drawImage, enlargement, TARGET_SIZE } from './grid-raster.js';
import { isPhotographs, photographGrid } from './photographs.js';
import { encodePng, type Raster } from './png.js';

/** Options of {@link imageGrid}. */
export interface ImageGridOptions {
  /** A name at the left of each row, e.g. `['private', 'reconstructed']`. */
  readonly rows?: readonly string[];
  /** A name above each column. */
  readonly columns?: readonly string[];
  /** Words under each image, `captions[row][column]`, e.g. `'21.3 dB'`; beyond three lines they are cut. */
  readonly captions?: readonly (readonly string[])[];
  readonly title?: string;
  /** CSS pixels per image pixel, a whole number of halves. Default: images 112 wide, 80 where there are many. */
  readonly scale?: number;
  /** Images beyond are left out, and the grid says how many. Default 8. What is wider than a page goes on below. */
  readonly maxColumns?: number;
}

const MOST_COLUMNS = 8;

/**
 * Shows batches of images as one picture: a batch per row, an image per column, nearest-neighbour enlarged, on
 * whatever the page's ground is (it is transparent). Images of 64 pixels and more across are shown as JPEG, smaller
 * ones pixel by pixel; imageGridPng() and imagePng() have every pixel of both.
 * Rows may hold different numbers and sizes of images. Grey images ([n, h, w, 1]) are shown grey.
 * Outside a kernel one line of text says what would be shown.
 * @param rows each [n, height, width, 1 or 3] with values in [0, 1]
 * @throws values outside [0, 1], another number of channels, or captions that do not fit the rows
 * @example rog.imageGrid([batch.images, result.images], { rows: ['private', 'reconstructed'] })
 */
export function imageGrid(rows: readonly NdArray[], options: ImageGridOptions = {}): void {
  checkGrid('imageGrid', rows, options);
  const names = rows.map((row, i) => `${options.rows?.[i] ?? `row ${i + 1}`}: ${describe(row)}`);
  const plain = `[images] ${options.title ? `${options.title}. ` : ''}${names.join('; ')}`;
  if (rows.some(isPhotographs)) {
    display({ 'text/plain': plain, 'text/html': photographs(rows, options) });
    return;
  }
  const raster = gridRaster('imageGrid', rows, options);
  display(
    { 'text/plain': plain, 'image/png': encodePng(raster) },
    {
      metadata: {
        'image/png': { width: Math.round(raster.width / DENSITY), height: Math.round(raster.height / DENSITY) },
      },
    },
  );
}

const photographs = (rows: readonly NdArray[], { rows: names, columns: headings, ...look }: ImageGridOptions): string =>
  photographGrid(rows, {
    ...look,
    names,
    headings,
    png: imagePng,
    columns: Math.min(Math.max(...rows.map(({ shape }) => shape[0]!)), look.maxColumns ?? MOST_COLUMNS),
    zoom: rows.map(({ shape }) => enlargement(shape[2]!, TARGET_SIZE, look.scale) / DENSITY),
  });

/** The bytes of a PNG file of what `imageGrid` shows, every pixel of it. Same arguments. */
export function imageGridPng(rows: readonly NdArray[], options: ImageGridOptions = {}): Uint8Array {
  return encodePng(gridRaster('imageGridPng', rows, options));
}

/** The bytes of a PNG file with exactly the pixels of image `index` of a batch, to keep a reconstruction. */
export function imagePng(images: NdArray, index = 0): Uint8Array {
  checkRow('imagePng', images);
  const [count, height, width] = images.shape as [number, number, number];
  integer('imagePng', 'index', index, 0, count - 1);
  const raster = blank(width, height, 3);
  drawImage(raster, images, index, 0, 0, 1);
  return encodePng(raster);
}

const describe = ({ shape: [n, h, w] }: NdArray): string => `${n} of ${w}x${h}`;

function checkRow(where: string, images: NdArray): void {
  checkImages(where, images);
  const channels = images.shape[3];
  if (channels !== 1 && channels !== 3) throw problem(where, 'images must have 1 or 3 channels', channels);
}

function checkGrid(where: string, rows: readonly NdArray[], options: ImageGridOptions): void {
  checkOptions(where, options, ['rows', 'columns', 'captions', 'title', 'scale', 'maxColumns']);
  if (!Array.isArray(rows) || rows.length === 0)
    throw problem(where, 'the first argument must be a list of image batches', rows, 'write [batch.images]');
  for (const row of rows) checkRow(where, row);
  if (options.rows && options.rows.length !== rows.length)
    throw problem(where, `rows must name all ${rows.length} rows`, options.rows);
  if (options.captions && options.captions.length !== rows.length)
    throw problem(where, `captions must have one list for each of the ${rows.length} rows`, options.captions.length);
  if (options.scale !== undefined && !(options.scale > 0 && Number.isInteger(options.scale * DENSITY)))
    throw problem(where, 'scale must be a positive multiple of 0.5', options.scale);
  if (options.maxColumns !== undefined) integer(where, 'maxColumns', options.maxColumns, 1);
}

function gridRaster(where: string, rows: readonly NdArray[], options: ImageGridOptions): Raster {
  checkGrid(where, rows, options);
  return drawGrid(rows, { ...options, maxColumns: options.maxColumns ?? MOST_COLUMNS });
}
