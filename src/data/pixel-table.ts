import { existsSync } from 'node:fs';
import { basename, dirname, resolve } from 'node:path';
import { LIMITS } from '../assets/limits.js';
import { readBounded } from '../assets/read-bounded.js';
import { breath } from '../core/breath.js';
import { problem } from '../core/errors.js';
import type { ImageShape } from '../core/types.js';
import { columnOf, csvRows, LABEL_COLUMNS, pixelColumns } from './csv.js';
import { oneClass } from './folder.js';
import { numbered } from './folder-list.js';
import type { DatasetOptions, PixelSource } from './types.js';

interface Header {
  readonly label: number;
  readonly pixels: readonly number[];
  readonly shape: ImageShape;
}

/**
 * `csv:FILE`: a table with a row for each picture, as on Kaggle: a column `label` and columns `pixel0`, `pixel1`, ...
 * (or `1x1`, `1x2`, ...) with whole numbers from 0 to 255; square pictures, of one channel, or of three, interleaved.
 * All rows are in the test split.
 * @throws no such header, a row of another length (numbered), a value that is none, over 256 MB
 */
export async function pixelTable(file: string, options: DatasetOptions): Promise<PixelSource> {
  const where = `csv:${file}`;
  if (!file || !existsSync(file)) throw problem('openDataset', 'csv:FILE needs a file that exists', file);
  const labels: { label: string }[] = [];
  const parts: Uint8Array[] = [];
  let header: Header | undefined;
  for (const { line, cells } of csvRows(where, readBounded(where, file, LIMITS.tableBytes))) {
    if (!header) {
      header = headerOf(where, cells);
      continue;
    }
    labels.push({ label: cells[header.label] ?? '' });
    parts.push(pixelsOf(where, line, cells, header));
    await breath();
  }
  if (!header || parts.length === 0) throw problem(where, 'must have a header and one row at least');
  const { images, classNames } = numbered(where, dirname(file), labels, options.classes);
  return {
    name: basename(resolve(file)),
    source: `${parts.length} rows of the table ${basename(file)}, ${header.shape.join('x')}.`,
    ...(classNames.length === 1 ? { notice: oneClass(parts.length, classNames[0]!) } : {}),
    classNames,
    imageShape: header.shape,
    sizes: { train: 0, test: parts.length },
    labelAt: (_, index) => images[index]!.label,
    writeImage: (_, index, out, offset) => {
      const pixels = parts[index]!;
      for (let i = 0; i < pixels.length; i++) out[offset + i] = pixels[i]! / 255;
    },
  };
}

function headerOf(where: string, cells: readonly string[]): Header {
  const [label, pixels] = [columnOf(cells, LABEL_COLUMNS), pixelColumns(cells)];
  if (label < 0 || pixels.length === 0)
    throw problem(
      where,
      'the first line must name a column label and columns pixel0, pixel1, ...',
      cells.slice(0, 4),
      'a list of files is labels.csv in a folder:DIR',
    );
  const channels = Number.isInteger(Math.sqrt(pixels.length)) ? 1 : 3;
  const side = Math.sqrt(pixels.length / channels);
  if (!Number.isInteger(side)) throw problem(where, 'the pixels must be those of a square picture', pixels.length);
  return { label, pixels, shape: [side, side, channels] };
}

function pixelsOf(where: string, line: number, cells: readonly string[], { pixels }: Header): Uint8Array {
  const out = new Uint8Array(pixels.length);
  for (let i = 0; i < out.length; i++) {
    const column = pixels[i]!;
    const cell = cells[column] ?? '';
    const value = LEVELS.get(cell) ?? (cell === '' ? Number.NaN : Number(cell));
    if (!(Number.isInteger(value) && value >= 0 && value <= 255))
      throw problem(where, `line ${line}, column ${column + 1} must be a whole number from 0 to 255`, cell);
    out[i] = value;
  }
  return out;
}

/** What most cells are, by their text: found sooner than read. */
const LEVELS: ReadonlyMap<string, number> = new Map(Array.from({ length: 256 }, (_, value) => [`${value}`, value]));
