import type { NdArray } from '../core/types.js';
import { drawText, type Typeface, textWidth, typeface, wrapText } from './lettering.js';
import type { Raster } from './png.js';

/** Device pixels per CSS pixel: grids are drawn at twice their size, so that captions stay sharp on fine screens. */
export const DENSITY = 2;
/** Width of an image in device pixels, where there is room, and where many stand beside one another. */
export const TARGET_SIZE = 224;
const SMALLER = [192, 160] as const;
/** A wider grid would be shrunk by the page, letters and all: columns go on below. */
const WIDEST = 900 * DENSITY;
const GAP = 16;
const MARGIN = 20;
/** Of names at the left, of a word above or under an image, of a title. */
const MOST = { name: 220, word: 336, title: 1200, lines: 3 } as const;

/** A grid of images with every option checked. */
export interface Grid {
  readonly rows?: readonly string[];
  readonly columns?: readonly string[];
  readonly captions?: readonly (readonly string[])[];
  readonly title?: string;
  readonly scale?: number;
  readonly maxColumns: number;
}

/** Device pixels per image pixel. */
export const enlargement = (width: number, target: number, scale?: number): number =>
  scale === undefined ? Math.max(1, Math.round(target / width)) : scale * DENSITY;

export const blank = (width: number, height: number, channels: 3 | 4): Raster => ({
  width,
  height,
  channels,
  data: new Uint8Array(width * height * channels),
});

interface Faces {
  readonly face: Typeface;
  readonly heading: Typeface;
}

interface Plan extends Faces {
  readonly rows: readonly NdArray[];
  readonly grid: Grid;
  /** First column of each block and the one after its last. */
  readonly blocks: readonly (readonly [from: number, to: number])[];
  readonly zoom: readonly number[];
  /** Width of a column, and of the names with their gap. */
  readonly cell: number;
  readonly side: number;
}

/** The batches as one picture without a ground: names, headings, images, captions; wide ones in blocks below. */
export function drawGrid(rows: readonly NdArray[], grid: Grid): Raster {
  const faces = { face: typeface('regular'), heading: typeface('bold') };
  const plan = layOut(rows, grid, faces);
  const { face, heading } = faces;
  const most = Math.max(...rows.map(({ shape }) => shape[0]!));
  const left = most - plan.blocks.at(-1)![1];
  const body = plan.side + widthOf(plan.blocks[0]![1], plan.cell);
  const titled = grid.title ? Math.min(textWidth(heading, grid.title), MOST.title) : 0;
  const width = Math.ceil(Math.max(body, titled)) + 2 * MARGIN;
  const title = grid.title ? wrapText(heading, grid.title, width - 2 * MARGIN) : [];
  const top = MARGIN + title.length * heading.leading + (title.length ? 8 : 0);
  const places = plan.blocks.map((block) => blockOf(plan, block));
  const height = places.reduce((sum, place) => sum + place.height, 0) + (places.length - 1) * 2 * GAP;
  const raster = blank(width, top + height + MARGIN + (left > 0 ? face.leading : 0), 4);
  title.forEach((line, i) => {
    drawText(raster, heading, line, MARGIN, MARGIN + heading.capHeight + 4 + i * heading.leading);
  });
  let y = top;
  for (const place of places) {
    drawBlock(raster, plan, place, y);
    y += place.height + 2 * GAP;
  }
  if (left > 0) drawText(raster, face, `and ${left} more`, width - MARGIN, raster.height - MARGIN, 'right');
  return raster;
}

const widthOf = (columns: number, cell: number): number => columns * cell + (columns - 1) * GAP;

/** The largest images of which all stand in one row, else as few rows as possible of as large ones. */
function layOut(rows: readonly NdArray[], grid: Grid, faces: Faces): Plan {
  const columns = Math.min(Math.max(...rows.map(({ shape }) => shape[0]!)), grid.maxColumns);
  const side = grid.rows
    ? Math.ceil(Math.min(MOST.name, Math.max(...grid.rows.map((name) => textWidth(faces.heading, name)))) + GAP)
    : 0;
  const tries = [TARGET_SIZE, ...SMALLER].map((target) => {
    const zoom = rows.map(({ shape }) => enlargement(shape[2]!, target, grid.scale));
    const image = Math.max(...rows.map(({ shape }, r) => shape[2]! * zoom[r]!));
    const cell = Math.max(image, Math.ceil(textRoom(grid, faces.face, target)));
    const fit = Math.max(1, Math.floor((WIDEST - 2 * MARGIN - side + GAP) / (cell + GAP)));
    return { zoom, cell, lines: Math.ceil(columns / fit) };
  });
  const fewest = Math.min(...tries.map(({ lines }) => lines));
  const { zoom, cell, lines } = tries.find((one) => one.lines === fewest)!;
  const each = Math.ceil(columns / lines);
  const blocks = Array.from(
    { length: lines },
    (_, k) => [k * each, Math.min(columns, (k + 1) * each)] as [number, number],
  );
  return { rows, grid, ...faces, blocks, zoom, cell, side };
}

/** What words need: the longest one, and of whole captions as much as is wanted. */
function textRoom({ captions = [], columns = [] }: Grid, face: Typeface, wanted: number): number {
  const under = captions.flat();
  const words = [...under, ...columns].flatMap((text) => text.split(/\s+/)).map((word) => textWidth(face, word));
  const whole = under.map((text) => textWidth(face, text));
  return Math.max(0, Math.min(MOST.word, Math.max(0, ...words)), Math.min(wanted, Math.max(0, ...whole)));
}

interface Block {
  readonly from: number;
  readonly to: number;
  readonly height: number;
  readonly headings: readonly (readonly string[])[];
  readonly headingHeight: number;
  /** Lines under each image, by row and column of this block. */
  readonly captions: readonly (readonly (readonly string[])[])[];
  readonly heights: readonly number[];
}

function blockOf({ rows, grid, face, zoom, cell }: Plan, [from, to]: readonly [number, number]): Block {
  const lines = (text: string): string[] => wrapText(face, text, cell, MOST.lines);
  const headings = (grid.columns ?? []).slice(from, to).map(lines);
  const headingHeight = Math.max(0, ...headings.map(({ length }) => length)) * face.leading;
  const captions = rows.map((_, r) => (grid.captions?.[r] ?? []).slice(from, to).map((text) => lines(text ?? '')));
  const heights = rows.map((row, r) => {
    const most = Math.max(0, ...captions[r]!.map(({ length }) => length));
    return row.shape[1]! * zoom[r]! + (most ? most * face.leading + 4 : 0);
  });
  const height = headingHeight + heights.reduce((sum, h) => sum + h + GAP, 0) - GAP;
  return { from, to, height, headings, headingHeight, captions, heights };
}

function drawBlock(raster: Raster, plan: Plan, block: Block, start: number): void {
  const { rows, grid, face, heading, zoom, cell, side } = plan;
  const middleOf = (c: number): number => MARGIN + side + c * (cell + GAP) + cell / 2;
  const top = start + block.headingHeight;
  block.headings.forEach((lines, c) => {
    drawLines(raster, face, lines, middleOf(c), top - 8 - (lines.length - 1) * face.leading, 'middle');
  });
  let y = top;
  rows.forEach((row, r) => {
    const [count, height, width] = row.shape as [number, number, number];
    for (let c = 0; c < Math.min(count, block.to) - block.from; c++) {
      const left = Math.floor(middleOf(c) - (width * zoom[r]!) / 2);
      drawImage(raster, row, block.from + c, left, y, zoom[r]!);
      drawEdge(raster, left, y, width * zoom[r]!, height * zoom[r]!);
      const baseline = y + height * zoom[r]! + face.capHeight + 9;
      drawLines(raster, face, block.captions[r]![c] ?? [], middleOf(c), baseline, 'middle');
    }
    const name = grid.rows?.[r];
    if (name) drawName(raster, heading, name, side - GAP, y + (height * zoom[r]!) / 2);
    y += block.heights[r]! + GAP;
  });
}

function drawLines(
  raster: Raster,
  face: Typeface,
  lines: readonly string[],
  x: number,
  first: number,
  align: 'left' | 'middle',
): void {
  lines.forEach((line, i) => {
    drawText(raster, face, line, x, first + i * face.leading, align);
  });
}

function drawName(raster: Raster, face: Typeface, name: string, limit: number, middle: number): void {
  const lines = wrapText(face, name, limit);
  drawLines(raster, face, lines, MARGIN, middle + face.capHeight / 2 - ((lines.length - 1) * face.leading) / 2, 'left');
}

/** A hairline around an image: white pictures are seen on white pages, black ones on black. */
function drawEdge(raster: Raster, left: number, top: number, width: number, height: number): void {
  const ink = [128, 128, 128, 96];
  const put = (x: number, y: number): void => raster.data.set(ink, (y * raster.width + x) * 4);
  for (let x = left - 1; x <= left + width; x++) for (const y of [top - 1, top + height]) put(x, y);
  for (let y = top; y < top + height; y++) for (const x of [left - 1, left + width]) put(x, y);
}

/** One image, each of its pixels a square of `zoom` device pixels. */
export function drawImage(
  raster: Raster,
  images: NdArray,
  index: number,
  left: number,
  top: number,
  zoom: number,
): void {
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
