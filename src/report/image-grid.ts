import { checkImages } from '../core/arrays.js';
import { problem } from '../core/errors.js';
import { checkOptions, integer } from '../core/options.js';
import type { NdArray } from '../core/types.js';
import { display } from './display.js';
import { drawText, fitText, type Typeface, textWidth, typeface, wrapText } from './lettering.js';
import { isPhotographs, photographGrid } from './photographs.js';
import { encodePng, type Raster } from './png.js';

/** Options of {@link imageGrid}. */
export interface ImageGridOptions {
  /** A name at the left of each row, e.g. `['private', 'reconstructed']`. */
  readonly rows?: readonly string[];
  /** A name above each column. */
  readonly columns?: readonly string[];
  /** A line under each image, `captions[row][column]`, e.g. `'21.3 dB'`. */
  readonly captions?: readonly (readonly string[])[];
  readonly title?: string;
  /** CSS pixels per image pixel, a whole number of halves. Default: images about 112 wide, by nearest neighbour. */
  readonly scale?: number;
  /** Images beyond this column are left out, and the grid says how many. Default 8. */
  readonly maxColumns?: number;
}

/** Device pixels per CSS pixel: grids are drawn at twice their size, so that captions stay sharp on fine screens. */
const DENSITY = 2;
const GAP = 16;
const MARGIN = 20;
const TARGET_SIZE = 224;
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
    zoom: rows.map(({ shape }) => enlargement(shape[2]!, look.scale) / DENSITY),
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

const blank = (width: number, height: number, channels: 3 | 4): Raster => ({
  width,
  height,
  channels,
  data: new Uint8Array(width * height * channels),
});

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

/** Device pixels per image pixel. */
const enlargement = (width: number, scale?: number): number =>
  scale === undefined ? Math.max(1, Math.round(TARGET_SIZE / width)) : scale * DENSITY;

function gridRaster(where: string, rows: readonly NdArray[], options: ImageGridOptions): Raster {
  checkGrid(where, rows, options);
  const { maxColumns = MOST_COLUMNS } = options;
  const [face, heading] = [typeface('regular'), typeface('bold')];
  const most = Math.max(...rows.map((row) => row.shape[0]!));
  const columns = Math.min(most, maxColumns);
  const zoom = rows.map((row) => enlargement(row.shape[2]!, options.scale));
  const captionWidths = (options.captions ?? [])
    .flat()
    .map((text) => Math.min(textWidth(face, text), TARGET_SIZE * 1.5));
  const cell = Math.max(...rows.map((row, r) => row.shape[2]! * zoom[r]!), ...captionWidths.map(Math.ceil));
  const side = options.rows
    ? Math.ceil(Math.min(220, Math.max(...options.rows.map((name) => textWidth(heading, name)))) + GAP)
    : 0;
  const bodyWidth = side + columns * cell + (columns - 1) * GAP;
  const titleWidth = options.title ? Math.min(textWidth(heading, options.title), 1200) : 0;
  const width = Math.ceil(Math.max(bodyWidth, titleWidth)) + 2 * MARGIN;

  const titleLines = options.title ? wrapText(heading, options.title, width - 2 * MARGIN) : [];
  const columnLines = (options.columns ?? []).slice(0, columns).map((name) => wrapText(face, name, cell));
  const columnHeight = Math.max(0, ...columnLines.map((lines) => lines.length)) * face.leading;
  const captionHeight = (r: number) => (options.captions?.[r]?.some(Boolean) ? face.leading + 4 : 0);
  const left = (most - columns > 0 ? 1 : 0) * face.leading;
  const top = MARGIN + titleLines.length * heading.leading + (titleLines.length ? 8 : 0) + columnHeight;
  const heights = rows.map((row, r) => row.shape[1]! * zoom[r]! + captionHeight(r));
  const raster = blank(width, top + heights.reduce((sum, h) => sum + h + GAP, 0) - GAP + MARGIN + left, 4);

  titleLines.forEach((line, i) => {
    drawText(raster, heading, line, MARGIN, MARGIN + heading.capHeight + 4 + i * heading.leading);
  });
  columnLines.forEach((lines, c) => {
    const first = top - 8 - (lines.length - 1) * face.leading;
    const x = MARGIN + side + c * (cell + GAP) + cell / 2;
    lines.forEach((line, i) => {
      drawText(raster, face, line, x, first + i * face.leading, 'middle');
    });
  });
  let y = top;
  rows.forEach((row, r) => {
    drawRow(raster, row, { x: MARGIN + side, y, cell, zoom: zoom[r]!, columns, captions: options.captions?.[r], face });
    const name = options.rows?.[r];
    if (name) drawName(raster, heading, name, side - GAP, y + (row.shape[1]! * zoom[r]!) / 2);
    y += heights[r]! + GAP;
  });
  if (left) drawText(raster, face, `and ${most - columns} more`, width - MARGIN, raster.height - MARGIN, 'right');
  return raster;
}

interface RowPlace {
  readonly x: number;
  readonly y: number;
  readonly cell: number;
  readonly zoom: number;
  readonly columns: number;
  readonly captions?: readonly string[];
  readonly face: Typeface;
}

function drawRow(raster: Raster, row: NdArray, place: RowPlace): void {
  const [count, height, width] = row.shape as [number, number, number];
  for (let c = 0; c < Math.min(count, place.columns); c++) {
    const left = place.x + c * (place.cell + GAP);
    drawImage(raster, row, c, left + Math.floor((place.cell - width * place.zoom) / 2), place.y, place.zoom);
    const caption = place.captions?.[c];
    if (!caption) continue;
    const baseline = place.y + height * place.zoom + place.face.capHeight + 9;
    drawText(raster, place.face, fitText(place.face, caption, place.cell), left + place.cell / 2, baseline, 'middle');
  }
}

function drawName(raster: Raster, face: Typeface, name: string, limit: number, middle: number): void {
  const lines = wrapText(face, name, limit);
  const first = middle + face.capHeight / 2 - ((lines.length - 1) * face.leading) / 2;
  lines.forEach((line, i) => {
    drawText(raster, face, line, MARGIN, first + i * face.leading);
  });
}

function drawImage(raster: Raster, images: NdArray, index: number, left: number, top: number, zoom: number): void {
  const [, height, width, channels] = images.shape as [number, number, number, number];
  const start = index * height * width * channels;
  const depth = raster.channels ?? 3;
  for (let y = 0; y < height * zoom; y++)
    for (let x = 0; x < width * zoom; x++) {
      const from = start + (Math.floor(y / zoom) * width + Math.floor(x / zoom)) * channels;
      const to = ((top + y) * raster.width + left + x) * depth;
      for (let c = 0; c < 3; c++) raster.data[to + c] = Math.round(images.data[from + (channels === 3 ? c : 0)]! * 255);
      if (depth === 4) raster.data[to + 3] = 255;
    }
}
